/** Whose calls count together: each user's own, those of a tenant, or all. The narrowest comes first. */
export const countedTogether = ['user', 'tenant', 'everybody'] as const

export type CountedTogether = (typeof countedTogether)[number]

/** So many calls of one operation in windows of fixed length. A window begins with the first call after the one before has ended. */
export interface CallLimit {
  readonly limit: number
  readonly seconds: number
  readonly per: CountedTogether
}

/** All of these together: of those that count the same calls over the same time, the lowest stands for the others. */
export function joinLimits(limits: readonly CallLimit[]): readonly CallLimit[] {
  const joined = new Map<string, CallLimit>()
  for (const limit of limits) {
    const key = countKey(limit)
    const known = joined.get(key)
    if (known === undefined || limit.limit < known.limit) joined.set(key, limit)
  }
  return [...joined.values()]
}

/** What two limits have in common that count the same calls over the same time. */
export function countKey({ per, seconds }: CallLimit): string {
  return `${per} ${seconds}`
}
