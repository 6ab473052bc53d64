import { categories } from '../../core/permission/grants.js'
import type { Protected, Protection } from '../../core/permission/protection.js'
import type { GrantNode, OperationMark, OperationNode, PictureEdge, RequirementNode } from './picture-node.js'
import { printable } from './printable.js'
import { RequirementNodes } from './requirement-nodes.js'
import { protectionWords } from './requirement-words.js'

/** What the picture shows of an operation. */
export interface PicturedItem extends Protected {
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly annotations?: { readonly title?: string; readonly destructiveHint?: boolean } | undefined
}

/** The permission graph as nodes and edges. Every text in it can be shown as it is, once escaped; no id comes from a name. */
export interface Picture {
  readonly title: string
  readonly grants: readonly GrantNode[]
  readonly requirements: readonly RequirementNode[]
  readonly operations: readonly OperationNode[]
  readonly edges: readonly PictureEdge[]
}

/** The picture of a permission graph, for the application of that name. The same requirement is drawn once. */
export function pictureOf(graph: { readonly items: readonly PicturedItem[] }, title: string): Picture {
  const nodes = new RequirementNodes()
  const drawn = graph.items.map((item, index) => {
    const operation = operationNode(item, `o${index + 1}`)
    return { operation, edge: { from: nodes.rootOf(item.protection), to: operation.id, negated: false } }
  })
  return {
    title: printable(title),
    grants: nodes.grants.toSorted(byKindAndLabel),
    requirements: nodes.requirements,
    operations: drawn.map(({ operation }) => operation),
    edges: [...nodes.edges, ...drawn.map(({ edge }) => edge)],
  }
}

function operationNode({ name, protection, ...item }: PicturedItem, id: string): OperationNode {
  const title = item.title ?? item.annotations?.title
  return {
    id,
    label: printable(name),
    title: title === undefined || title === name ? undefined : printable(title),
    description: item.description === undefined ? undefined : printable(item.description),
    words: protectionWords(protection),
    marks: [
      ...(item.annotations?.destructiveHint === true ? (['destructive'] as const) : []),
      ...protectionMarks(protection),
    ],
  }
}

function protectionMarks(protection: Protection): readonly OperationMark[] {
  if (protection.access !== 'protected') return []
  const { bearerOnly, elevatable } = protection
  return [
    ...(bearerOnly === true ? (['bearer only'] as const) : []),
    ...(elevatable === true ? (['elevatable'] as const) : []),
  ]
}

const kinds: readonly GrantNode['kind'][] = [...categories, 'policies']

function byKindAndLabel(one: GrantNode, other: GrantNode): number {
  const difference = kinds.indexOf(one.kind) - kinds.indexOf(other.kind)
  if (difference !== 0) return difference
  return one.label < other.label ? -1 : one.label > other.label ? 1 : 0
}
