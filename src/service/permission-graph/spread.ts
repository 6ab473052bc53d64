/** Something in a column, and where it would like its middle to be. */
export interface Wish {
  readonly middle: number
  readonly height: number
  /** Room above it. */
  readonly space: number
}

interface Block {
  readonly sum: number
  readonly count: number
}

/**
 * Middles as near to the wishes as the order and the room allow: least squares by pooling neighbours that would overlap (isotonic
 * regression).
 */
export function spread(wishes: readonly Wish[]): readonly number[] {
  let offset = 0
  const offsets = wishes.map(({ height, space }, index) => {
    const above = wishes[index - 1]
    offset += above === undefined ? 0 : above.height / 2 + space + height / 2
    return offset
  })
  const blocks: Block[] = []
  wishes.forEach(({ middle }, index) => {
    let block = { sum: middle - (offsets[index] ?? 0), count: 1 }
    for (let last = blocks.at(-1); last !== undefined && mean(last) >= mean(block); last = blocks.at(-1)) {
      blocks.pop()
      block = { sum: last.sum + block.sum, count: last.count + block.count }
    }
    blocks.push(block)
  })
  const places = blocks.flatMap((block) => Array.from({ length: block.count }, () => mean(block)))
  return places.map((place, index) => place + (offsets[index] ?? 0))
}

function mean({ sum, count }: Block): number {
  return sum / count
}
