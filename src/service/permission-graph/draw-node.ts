import { html as xml, type Html } from '../../adapter/issuer/page/html.js'
import { gap, markWidth, padding, shownName, shownTitle } from './node-size.js'
import { toneOf, type Tone } from './palette.js'
import type { GrantNode, OperationMark, OperationNode, RequirementNode } from './picture-node.js'
import type { Box } from './picture-layout.js'

/** A grant or a policy. */
export function drawGrant({ id, kind, noun, label }: GrantNode, box: Box): Html {
  const shape = {
    id,
    box,
    column: 'grant',
    tone: kind,
    words: `${noun} “${label}”`,
    search: `${noun} ${label}`,
  } as const
  return drawNode(
    shape,
    xml`<text x="${padding}" y="${box.height / 2 + 4.5}"><tspan class="noun">${noun}</tspan> <tspan class="name" dx="2">${shownName(label, 'grant')}</tspan></text>`,
  )
}

/** A requirement, or a part of one. */
export function drawRequirement({ id, kind, label, words }: RequirementNode, box: Box): Html {
  const shape = { id, box, column: 'requirement', tone: toneOf(kind), words: `${label}: ${words}` } as const
  return drawNode(
    shape,
    xml`<text class="name" x="${box.width / 2}" y="${box.height / 2 + 4}" text-anchor="middle">${label}</text>`,
  )
}

/** An operation with its title and what is special about it. */
export function drawOperation(node: OperationNode, box: Box): Html {
  const { id, label, title, description, words, marks } = node
  const told = [title, description, `Who may: ${words}`, ...marks].filter((text) => text !== undefined)
  const search = title === undefined ? label : `${label} ${title}`
  const shape = {
    id,
    box,
    column: 'operation',
    tone: 'operation',
    words: [label, ...told].join(' · '),
    search,
  } as const
  const middle = title === undefined ? box.height / 2 : 17
  return drawNode(
    shape,
    xml`<text class="name" x="${padding}" y="${middle + 4.5}">${shownName(label, 'operation')}</text>${
      title === undefined ? undefined : xml` <text class="title" x="${padding}" y="38">${shownTitle(title)}</text>`
    }${drawMarks(marks, { right: box.width - padding / 2, middle })}`,
  )
}

interface Shape {
  readonly id: string
  readonly box: Box
  readonly column: 'grant' | 'requirement' | 'operation'
  readonly tone: Tone
  readonly words: string
  /** What it is found by. */
  readonly search?: string
}

function drawNode({ id, box, column, tone, words, search }: Shape, content: Html): Html {
  const radius = column === 'operation' ? 9 : box.height / 2
  const found = search === undefined ? undefined : xml` data-search="${search}"`
  return xml`<g class="node ${column} ${tone}" data-node="${id}"${found} transform="translate(${box.x} ${box.y})"><title>${words}</title><rect width="${box.width}" height="${box.height}" rx="${radius}"/>${content}</g>
`
}

function drawMarks(
  marks: readonly OperationMark[],
  at: { readonly right: number; readonly middle: number },
): readonly Html[] {
  let { right } = at
  return marks.map((mark) => {
    const width = markWidth(mark)
    const left = right - width
    right = left - gap
    const kind = mark === 'destructive' ? 'mark destructive' : 'mark'
    return xml` <g class="${kind}"><rect x="${left}" y="${at.middle - 8}" width="${width}" height="16" rx="8"/><text x="${left + width / 2}" y="${at.middle + 3.5}" text-anchor="middle">${mark}</text></g>`
  })
}
