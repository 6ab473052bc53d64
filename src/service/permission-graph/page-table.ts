import { html, type Html } from '../../adapter/issuer/page/html.js'
import type { OperationNode } from './picture-node.js'
import type { Picture } from './picture.js'

/** The same as the picture in words: each operation, and who may use it. */
export function drawTable({ operations }: Picture): Html {
  return html`<details>
    <summary>The same as a table</summary>
    <div class="rows">
      <table>
        <thead>
          <tr>
            <th scope="col">Operation</th>
            <th scope="col">Who may use it</th>
          </tr>
        </thead>
        <tbody>
          ${operations.map(row)}
        </tbody>
      </table>
      <p class="none" hidden>No operation is connected with it.</p>
    </div>
  </details>`
}

function row({ id, label, title, description, words, marks }: OperationNode): Html {
  const notes = [title, description].filter((text) => text !== undefined)
  return html`<tr data-row="${id}">
    <th scope="row"><code>${label}</code>${notes.map((note) => html` <span class="told">${note}</span>`)}</th>
    <td>${words}${marks.map((mark) => html` <span class="told">${mark}</span>`)}</td>
  </tr>`
}
