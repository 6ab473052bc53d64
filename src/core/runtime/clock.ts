/** The time of this process. Expiry of stored things goes by the database's clock instead. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
