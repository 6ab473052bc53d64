import type { Picture } from './picture.js'

/**
 * In which column each node is, from the left. Requirements that lead to operations are in the last one before them, and parts
 * of requirements in those before.
 */
export function ranksOf({ grants, requirements, operations, edges }: Picture): ReadonlyMap<string, number> {
  const distances = new Map<string, number>()
  // Parts come before what they are part of, so backwards every distance is known before it is needed.
  for (const { id } of requirements.toReversed()) {
    const further = edges.flatMap(({ from, to }) => (from === id ? [(distances.get(to) ?? 0) + 1] : []))
    distances.set(id, Math.max(1, ...further))
  }
  const last = Math.max(0, ...distances.values()) + 1
  return new Map([
    ...grants.map(({ id }) => [id, 0] as const),
    ...requirements.map(({ id }) => [id, last - (distances.get(id) ?? 1)] as const),
    ...operations.map(({ id }) => [id, last] as const),
  ])
}
