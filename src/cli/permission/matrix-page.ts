import { createHash } from 'node:crypto'
import { html, type Html } from '../../adapter/issuer/page/html.js'
import type { AccessMatrix } from '../../core/permission/graph/access-matrix.js'
import type { Verdict } from '../../core/permission/graph/compiled-requirement.js'
import { describeProtection } from '../../core/permission/matrix/protection-words.js'
import { printableCell, printableLine } from '../printable.js'
import { matrixStylesheet } from './matrix-stylesheet.js'

interface Sign {
  readonly mark: string
  readonly words: string
}

const signs: Readonly<Record<Verdict, Sign>> = {
  allow: { mark: '✓', words: 'may use it' },
  deny: { mark: '·', words: 'may not' },
  unknown: { mark: '?', words: 'a policy decides on each call' },
}

/** The matrix as one HTML file that loads nothing and runs nothing. `title` is the application's. */
export function renderMatrixPage({ operations, rows }: AccessMatrix, title: string): string {
  const name = printableLine(title)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="content-security-policy" content="${contentSecurityPolicy()}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${name} · access matrix</title>
        ${style}
      </head>
      <body>
        <header>
          <p class="kind">Access matrix</p>
          <h1><bdi>${name}</bdi></h1>
        </header>
        <main>
          ${legend}
          <div class="matrix" role="region" aria-label="Who may use what" tabindex="0">
            <table>
              <thead>
                <tr>
                  <th scope="col">Operation</th>
                  <th scope="col">Is for</th>
                  ${rows.map(({ caller }) => html`<th scope="col"><bdi>${printableCell(caller)}</bdi></th>`)}
                </tr>
              </thead>
              <tbody>
                ${operations.map(({ name: operation, protection }, index) => {
                  const verdicts = rows.map(({ verdicts: all }) => all[index] ?? 'deny')
                  return html`<tr>
                    <th scope="row"><code>${printableCell(operation)}</code></th>
                    <td class="demand"><bdi>${printableLine(describeProtection(protection))}</bdi></td>
                    ${verdicts.map(cell)}
                  </tr>`
                })}
              </tbody>
            </table>
          </div>
        </main>
      </body>
    </html> `.toString()
}

const legend = html`<ul class="legend" aria-label="Legend">
  ${Object.entries(signs).map(([verdict, { mark, words }]) => {
    return html`<li><span class="mark ${verdict}" aria-hidden="true">${mark}</span> ${words}</li>`
  })}
</ul>`

const style = html`<style>
  ${matrixStylesheet}
</style>`

function cell(verdict: Verdict): Html {
  const { mark, words } = signs[verdict]
  return html`<td class="${verdict}">
    <span class="mark ${verdict}" role="img" aria-label="${words}" title="${words}">${mark}</span>
  </td>`
}

/** Nothing runs, and of styles only those of this page, by their hash (CSP level 3, §2.3.1). */
function contentSecurityPolicy(): string {
  const text = /<style>([^]*)<\/style>/.exec(style.toString())?.[1] ?? ''
  const hash = createHash('sha256').update(text).digest('base64')
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
}
