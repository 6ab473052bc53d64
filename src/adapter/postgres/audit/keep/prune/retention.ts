/** Who removes rows: an administrator, or the servers by their setting. */
export type PrunedBy = `cli:${string}` | 'retention'

export interface Retention {
  /** From then on rows stay: microseconds since the epoch, by the databases' clock. */
  readonly cutoff: number
  /** Whether rows go that somebody to whom the trail is sent does not have yet. */
  readonly unsent: 'kept' | 'removed'
  readonly by: PrunedBy
}

/** What was removed from the front of one chain. */
export interface PrunedRows {
  readonly chain: string
  readonly from: number
  readonly to: number
  readonly rows: number
  /** Why no more was removed: something there is not as it was written. */
  readonly fault?: string | undefined
}
