import { html, type Html } from '../../adapter/issuer/page/html.js'
import { categories } from '../../core/permission/grants.js'
import type { GrantNode } from './picture-node.js'
import type { Picture } from './picture.js'

const kinds: readonly GrantNode['kind'][] = [...categories, 'policies']

/** What the colours and lines mean, and how many there are of each. */
export function drawLegend({ grants, requirements, operations, edges }: Picture): Html {
  const counted = kinds.map((kind) => ({ kind, count: grants.filter((node) => node.kind === kind).length }))
  const negated = edges.filter((edge) => edge.negated).length
  return html`<ul class="legend" aria-label="Legend">
    ${counted.flatMap(({ kind, count }) => (count === 0 ? [] : [entry(swatch(`grant ${kind}`, 6), kind, count)]))}
    ${entry(swatch('requirement part', 6), 'requirements', requirements.length)}
    ${entry(swatch('operation', 3), 'operations', operations.length)}
    ${negated === 0 ? undefined : entry(dashes, 'must be absent', negated)}
  </ul>`
}

function entry(sign: Html, name: string, count: number): Html {
  return html`<li>${sign}<strong>${name}</strong><span class="number">${count}</span></li>`
}

function swatch(kind: string, radius: number): Html {
  return html`<svg class="permission-graph" width="20" height="14" aria-hidden="true">
    <g class="swatch node ${kind}"><rect x="1" y="1" width="18" height="12" rx="${radius}" /></g>
  </svg>`
}

const dashes = html`<svg class="permission-graph" width="24" height="14" aria-hidden="true">
  <g class="edge negated roles"><path d="M0 7H24" /></g>
</svg>`
