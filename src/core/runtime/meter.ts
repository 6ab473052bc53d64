/** A request that was answered. */
export interface MeteredRequest {
  readonly method: string
  /** The template of the path, never the path. */
  readonly route: string
  readonly status: number
  /** `undefined` for a stream, which lasts as long as its reader. */
  readonly seconds: number | undefined
}

/** Counts for operators. Labels are words of ours, one of few: nothing that a caller or a tenant chose. */
export interface Meter {
  requested(request: MeteredRequest): void
  /** `reason`: the code of a refusal. */
  decided(decision: 'allowed' | 'denied', reason: string): void
  /** `outcome`: what became of a call, `denied` included. */
  called(operation: string, outcome: string, seconds?: number): void
  tokenRefused(reason: string): void
  signIn(step: 'started' | 'completed' | 'failed', reason: string): void
}
