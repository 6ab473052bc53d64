import { nodeSizes, type Size } from './node-size.js'
import type { PictureEdge } from './picture-node.js'
import type { Picture } from './picture.js'
import { placeNodes, type Point } from './place-nodes.js'
import { ranksOf } from './rank.js'

/** Where a node is, from its upper left corner. */
export interface Box extends Point, Size {}

/** An edge and the way that it takes: straight through each column in between. */
export interface Route {
  readonly edge: PictureEdge
  readonly points: readonly Point[]
}

/** The nodes of one kind, below a heading. */
export interface Column {
  readonly heading: string
  readonly count: number
  readonly x: number
  readonly width: number
}

/** Everything that is drawn, with its place. */
export interface PictureLayout extends Size {
  readonly boxes: ReadonlyMap<string, Box>
  readonly routes: readonly Route[]
  readonly columns: readonly Column[]
}

const margin = 28
/** Above the nodes, for the headings. */
const head = 72

/** Places a picture from left to right, each kind of node in columns of its own. */
export function layOut(picture: Picture): PictureLayout {
  const ranks = ranksOf(picture)
  const sizes = nodeSizes(picture)
  const { centres, bends } = placeNodes(picture, { ranks, sizes })
  const boxes = new Map<string, Box>()
  for (const [id, { width, height }] of sizes) {
    const { x, y } = centres.get(id) ?? { x: 0, y: 0 }
    boxes.set(id, { x: Math.round(x - width / 2), y: Math.round(y - height / 2), width, height })
  }
  const sides = sidesOf(boxes, ranks)
  const routes = picture.edges.map((edge, index) => {
    const first = (ranks.get(edge.from) ?? 0) + 1
    const through = (bends[index] ?? []).flatMap((y, passed) => {
      const { left, right } = sides[first + passed] ?? { left: 0, right: 0 }
      return [left, right].map((x) => ({ x, y: Math.round(y) }))
    })
    return { edge, points: [exitOf(boxes.get(edge.from)), ...through, entryOf(boxes.get(edge.to))] }
  })
  return framed({ boxes, routes, columns: columnsOf(picture, boxes) })
}

interface Sides {
  readonly left: number
  readonly right: number
}

/** How far each rank reaches. */
function sidesOf(boxes: ReadonlyMap<string, Box>, ranks: ReadonlyMap<string, number>): readonly Sides[] {
  const sides: Sides[] = []
  for (const [id, rank] of ranks) {
    const box = boxes.get(id)
    if (box === undefined) continue
    const { left, right } = sides[rank] ?? { left: Infinity, right: -Infinity }
    sides[rank] = { left: Math.min(left, box.x), right: Math.max(right, box.x + box.width) }
  }
  return sides
}

function exitOf(box: Box | undefined): Point {
  return box === undefined ? { x: 0, y: 0 } : { x: box.x + box.width, y: box.y + box.height / 2 }
}

function entryOf(box: Box | undefined): Point {
  return box === undefined ? { x: 0, y: 0 } : { x: box.x, y: box.y + box.height / 2 }
}

function columnsOf(picture: Picture, boxes: ReadonlyMap<string, Box>): readonly Column[] {
  const column = (heading: string, nodes: readonly { readonly id: string }[]): readonly Column[] => {
    const placed = nodes.flatMap(({ id }) => boxes.get(id) ?? [])
    if (placed.length === 0) return []
    const x = Math.min(...placed.map((box) => box.x))
    return [{ heading, count: nodes.length, x, width: Math.max(...placed.map((box) => box.x + box.width)) - x }]
  }
  return [
    ...column('Grants', picture.grants),
    ...column('Requirements', picture.requirements),
    ...column('Operations', picture.operations),
  ]
}

/** The same with room around it, and nothing left of or above zero. */
function framed({ boxes, routes, columns }: Omit<PictureLayout, keyof Size>): PictureLayout {
  const points = [
    ...[...boxes.values()].flatMap((box) => [box, { x: box.x + box.width, y: box.y + box.height }]),
    ...routes.flatMap((route) => route.points),
  ]
  const left = Math.min(0, ...points.map(({ x }) => x)) - margin
  const top = Math.min(0, ...points.map(({ y }) => y)) - head
  const move = <P extends Point>(point: P): P => ({ ...point, x: point.x - left, y: point.y - top })
  return {
    boxes: new Map([...boxes].map(([id, box]) => [id, move(box)])),
    routes: routes.map((route) => ({ ...route, points: route.points.map(move) })),
    columns: columns.map((column) => ({ ...column, x: column.x - left })),
    width: Math.max(320, ...points.map(({ x }) => x)) - left + margin,
    height: Math.max(24, ...points.map(({ y }) => y)) - top + margin,
  }
}
