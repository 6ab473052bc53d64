/** So many per key in windows of fixed length. */
export interface RateLimit {
  /** Names the limit; keys of different limits do not meet. */
  readonly name: string
  readonly limit: number
  readonly seconds: number
}

export interface RateLimitKey {
  readonly limit: RateLimit
  readonly key: string
}

export type RateLimitAnswer =
  /** `secondsLeft`: until the window that is used up ends. */
  { readonly admitted: true } | { readonly admitted: false; readonly secondsLeft: number }

/** Counts that all processes share, by the database's clock. Throws `UpstreamError` when they cannot be counted: then nothing is admitted. */
export interface RateLimiter {
  /** Counts one under every key, or, where one of them is used up, under none. */
  take(keys: readonly RateLimitKey[]): Promise<RateLimitAnswer>
  /** Takes one back under every key: it was never made, or it was right. */
  giveBack(keys: readonly RateLimitKey[]): Promise<void>
  /** Starts afresh for keys that have proved themselves. */
  forget(keys: readonly RateLimitKey[]): Promise<void>
}
