import { Graph, layout } from '@dagrejs/dagre'
import type { Size } from './node-size.js'
import type { Picture } from './picture.js'
import { spread } from './spread.js'

/** To the right and down. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** Where nodes go, and edges between them. */
export interface Placement {
  /** Of each node. */
  readonly centres: ReadonlyMap<string, Point>
  /** For each edge of the picture, the height at which it passes each rank in between. */
  readonly bends: readonly (readonly number[])[]
}

/** What is known of nodes before they have a place. */
export interface Measures {
  readonly ranks: ReadonlyMap<string, number>
  readonly sizes: ReadonlyMap<string, Size>
}

/** What is used of dagre's graph: its own declarations do not resolve in an ES module. */
interface DagreGraph {
  setGraph(label: object): unknown
  setNode(id: string, label: object): unknown
  setEdge(from: string, to: string, label: object, name: string): unknown
  node(id: string): Point
  edge(from: string, to: string, name: string): { readonly points: readonly Point[] }
}

/** No operation leads anywhere; this keeps all of them in one rank. */
const end = 'end'

/** Finds places with few crossings and short edges, each node in its rank. */
export function placeNodes(picture: Picture, measures: Measures): Placement {
  const graph = laidOut(picture, measures)
  const bends = picture.edges.map(({ from, to }, index) => bendsOf(graph.edge(from, to, String(index)).points))
  const centres = new Map([...measures.sizes.keys()].map((id) => [id, graph.node(id)]))
  const upright = runsDown(picture, centres) ? { centres, bends } : upsideDown({ centres, bends })
  return { ...upright, centres: new Map([...upright.centres, ...operationPlaces(picture, upright, measures)]) }
}

function laidOut({ operations, edges }: Picture, { sizes, ranks }: Measures): DagreGraph {
  const graph: DagreGraph = new Graph({ multigraph: true })
  const ranksep = Math.min(220, 90 + 2 * operations.length)
  graph.setGraph({ rankdir: 'LR', ranker: 'longest-path', nodesep: 12, edgesep: 10, ranksep })
  // dagre writes into its labels.
  for (const [id, size] of sizes) graph.setNode(id, { ...size })
  graph.setNode(end, { width: 0, height: 0 })
  edges.forEach(({ from, to }, index) => {
    const minlen = (ranks.get(to) ?? 0) - (ranks.get(from) ?? 0)
    graph.setEdge(from, to, { minlen, labelpos: 'c' }, String(index))
  })
  for (const { id } of operations) graph.setEdge(id, end, { labelpos: 'c' }, end)
  layout(graph)
  return graph
}

/** Between two points at nodes dagre has one for each rank and one for each space between ranks, in turn. */
function bendsOf(points: readonly Point[]): readonly number[] {
  return points.slice(1, -1).flatMap(({ y }, index) => (index % 2 === 1 ? [y] : []))
}

/** Whether operations that were declared first are rather at the top: crossings are as few either way up. */
function runsDown({ operations }: Picture, centres: Placement['centres']): boolean {
  const heights = operations.map(({ id }) => centres.get(id)?.y ?? 0)
  const middle = (heights.length - 1) / 2
  return heights.reduce((sum, height, index) => sum + height * (index - middle), 0) >= 0
}

function upsideDown({ centres, bends }: Placement): Placement {
  return {
    centres: new Map([...centres].map(([id, { x, y }]) => [id, { x, y: -y }])),
    bends: bends.map((heights) => heights.map((height) => -height)),
  }
}

const space = { together: 8, apart: 18 }

/** Operations beside what leads to them: those with the same requirement together, as they were declared. */
function operationPlaces(
  { operations, edges }: Picture,
  { centres, bends }: Placement,
  { sizes }: Measures,
): readonly (readonly [string, Point])[] {
  const origins = new Map(
    edges.map(({ from, to }, index) => [to, { from, height: bends[index]?.at(-1) ?? centres.get(from)?.y ?? 0 }]),
  )
  const placed = operations
    .map(({ id }) => ({ id, from: origins.get(id)?.from ?? '', height: origins.get(id)?.height ?? 0 }))
    .toSorted((one, other) => one.height - other.height)
  const middles = spread(
    placed.map(({ id, from, height }, index) => ({
      middle: height,
      height: sizes.get(id)?.height ?? 0,
      space: placed[index - 1]?.from === from ? space.together : space.apart,
    })),
  )
  return placed.map(({ id }, index) => [id, { x: centres.get(id)?.x ?? 0, y: middles[index] ?? 0 }])
}
