const atOnce = 4

/** What comes of items that have nothing to do with each other, in their order; a few are at work at the same time. */
export async function eachOf<Item, Value>(
  items: readonly Item[],
  run: (item: Item) => Promise<Value>,
): Promise<readonly Value[]> {
  const values: Value[] = []
  for (let at = 0; at < items.length; at += atOnce) {
    values.push(...(await Promise.all(items.slice(at, at + atOnce).map(run))))
  }
  return values
}
