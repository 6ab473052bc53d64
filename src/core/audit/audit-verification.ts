/** What is not as it was written. */
export type AuditFaultKind =
  /** What marks where the rows begin that are still kept was not made by the retention. */
  | 'anchor_forged'
  /** A chain begun in another database, which no restore has brought here. */
  | 'chain_foreign'
  /** A chain that says of itself what none of ours can be. */
  | 'chain_forged'
  /** A chain, or the whole trail of a database, that a checkpoint or rows know of. */
  | 'chain_missing'
  /** Of another installation, or of a database that is not this one. */
  | 'checkpoint_foreign'
  /** Its signature does not hold, or it does not follow the one before. */
  | 'checkpoint_forged'
  /** What is said to be the end of a chain is not. */
  | 'end_moved'
  /** Somebody's facts were taken out, and by no erasure. */
  | 'erasure_forged'
  /** A function of ours is another, or something of somebody else is taken for one of PostgreSQL's. */
  | 'function_changed'
  /** What an erasure took is there again. */
  | 'erasure_undone'
  | 'key_foreign'
  /** Nobody knows the outcome of a call that is not on record. */
  | 'outcome_forged'
  /** A call has no outcome, and its chain says that it has. */
  | 'outcome_missing'
  /** What waits beside the trail. */
  | 'outbox_changed'
  | 'row_changed'
  /** A row where none can be, or out of order. */
  | 'row_misplaced'
  /** What waited beside the trail is in it more than once. */
  | 'row_repeated'
  | 'rows_missing'
  /** Rows in no chain although there are chains; an earlier version writes such. */
  | 'rows_unchained'
  /** A table of the trail is not as it was made: readers may be shown something else. */
  | 'table_changed'
  /** What is in the database could not be looked at. */
  | 'unreadable'

/** One thing that is not as it was written, and where. */
export interface AuditFault {
  readonly kind: AuditFaultKind
  readonly chain?: string | undefined
  /** The row; the first one, of several. */
  readonly sequence?: number | undefined
  /** The last one, of several. */
  readonly to?: number | undefined
  /** What the row says of when, or the nearest one, RFC 3339. */
  readonly at?: string | undefined
  /** A sentence. */
  readonly what: string
}

/** What was found in the trail of one database. */
export interface AuditReport {
  /** The tenant's short name; `undefined` for master. */
  readonly tenant: string | undefined
  readonly chains: number
  /** Rows whose seals were looked at. */
  readonly rows: number
  /** Rows from before there were chains, which nothing seals. */
  readonly unsealedRows: number
  /** Rows that were removed when their term was over. */
  readonly removedRows: number
  readonly checkpoints: number
  /** Calls and credential reads that have no outcome yet. */
  readonly open: number
  readonly erasures: readonly { readonly reference: string; readonly rows: number }[]
  /** What could not be looked at, and why; a sentence each. */
  readonly notes: readonly string[]
  /** The first of them. */
  readonly faults: readonly AuditFault[]
  /** All of them. */
  readonly faultCount: number
}

/** How far a verification has come. */
export interface AuditProgress {
  readonly tenant: string | undefined
  readonly rows: number
  /** Of the trail in this database. */
  readonly total: number
}
