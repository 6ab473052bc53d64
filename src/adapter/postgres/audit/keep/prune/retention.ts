/** Who removes rows: an administrator, or the servers by their setting. */
export type PrunedBy = `cli:${string}` | 'retention'

export interface Retention {
  /** From then on rows stay: microseconds since the epoch, by the databases' clock. */
  readonly cutoff: number
  /** Whether rows go that somebody to whom the trail is sent does not have yet. */
  readonly unsent: 'kept' | 'removed'
  readonly by: PrunedBy
}

/** Rows of a chain, or of none, whose term is over and that stay. */
export interface HeldRows {
  readonly chain: string | undefined
  readonly rows: number
  /** A call has no outcome yet; what they belong to is not that old; receivers do not have them; they are in no chain. */
  readonly why: 'call' | 'open' | 'unchained' | 'unsent'
  /** The receivers. */
  readonly destinations: readonly string[]
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
