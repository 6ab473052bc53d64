export interface Bounds {
  /** How many are worked on at a time. */
  readonly atOnce: number
  /** After so long nothing more is begun. */
  readonly milliseconds: number
  /** Milliseconds from any moment on; default: of this process. */
  readonly now?: () => number
}

/** Works on one after the other, several at a time, and for a while at most; `cut off`: not all of them were begun. Rejects as `work` does. */
export async function forAWhile<Item>(
  items: readonly Item[],
  { atOnce, milliseconds, now = () => performance.now() }: Bounds,
  work: (item: Item) => Promise<void>,
): Promise<'all begun' | 'cut off'> {
  const waiting = items.toReversed()
  const until = now() + milliseconds
  const takeTurns = async (): Promise<void> => {
    while (now() <= until) {
      const [item] = waiting.splice(-1)
      if (item === undefined) return
      await work(item)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, takeTurns))
  return waiting.length === 0 ? 'all begun' : 'cut off'
}
