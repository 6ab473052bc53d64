import type { GrantNode, OperationMark, OperationNode, RequirementNode } from './picture-node.js'
import type { Picture } from './picture.js'
import { fitText, textWidth, type Typeface } from './text-width.js'

/** In units of the picture, about one pixel each. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** How each text of the picture is set. */
export const typeface = {
  noun: { family: 'sans', size: 11 },
  grant: { family: 'sans', size: 13 },
  requirement: { family: 'sans', size: 12 },
  operation: { family: 'mono', size: 13 },
  title: { family: 'sans', size: 11 },
  mark: { family: 'sans', size: 10 },
} as const satisfies Readonly<Record<string, Typeface>>

/** Between the border of a node and its text, and between two texts. */
export const padding = 14
export const gap = 7
const longest = 240

/** What of a name the picture has room for. */
export function shownName(name: string, of: 'grant' | 'operation'): string {
  return fitText(name, typeface[of], longest)
}

/** What of a title the picture has room for. */
export function shownTitle(title: string): string {
  return fitText(title, typeface.title, longest)
}

/** Grants are equally wide, and so are operations: their columns have straight sides. Requirements are as wide as they need. */
export function nodeSizes({ grants, requirements, operations }: Picture): ReadonlyMap<string, Size> {
  return new Map([
    ...equallyWide(grants, grantSize),
    ...requirements.map((node) => [node.id, requirementSize(node)] as const),
    ...equallyWide(operations, operationSize),
  ])
}

function equallyWide<Node extends { readonly id: string }>(
  nodes: readonly Node[],
  sizeOf: (node: Node) => Size,
): readonly (readonly [string, Size])[] {
  const sizes = nodes.map((node) => ({ id: node.id, ...sizeOf(node) }))
  const width = Math.max(...sizes.map((size) => size.width))
  return sizes.map(({ id, height }) => [id, { width, height }])
}

function grantSize({ noun, label }: GrantNode): Size {
  const text = textWidth(noun, typeface.noun) + gap + textWidth(shownName(label, 'grant'), typeface.grant)
  return { width: Math.ceil(text + 2 * padding), height: 30 }
}

function requirementSize({ label }: RequirementNode): Size {
  return { width: Math.ceil(textWidth(label, typeface.requirement) + 2 * padding), height: 26 }
}

function operationSize({ label, title, marks }: OperationNode): Size {
  const marked = marks.reduce((width, mark) => width + gap + markWidth(mark), 0)
  const named = textWidth(shownName(label, 'operation'), typeface.operation) + marked
  const titled = title === undefined ? 0 : textWidth(shownTitle(title), typeface.title)
  return { width: Math.ceil(Math.max(named, titled) + 2 * padding), height: title === undefined ? 34 : 48 }
}

/** How wide the frame around a mark is. */
export function markWidth(mark: OperationMark): number {
  return Math.ceil(textWidth(mark, typeface.mark)) + 12
}
