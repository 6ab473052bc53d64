/** Connections of one pool. */
export interface PoolState {
  readonly open: number
  readonly idle: number
  /** Callers that wait for one now. */
  readonly waiting: number
  /** How many have had to wait so far. */
  readonly waits: number
  /** How many got none so far, because too many waited or the wait took too long. */
  readonly refusals: number
}

/** How the databases of a server are doing. */
export interface DatabaseVitals {
  readonly pools: { readonly master: PoolState; readonly tenant: PoolState }
  /** Audit events that wait in memory for a database that did not take them. */
  readonly auditBacklog: number
  /** Whether changes that other processes make are heard of at once. */
  readonly changeFeedAlive: boolean
}

/** How a server is doing at this moment. */
export interface Vitals extends DatabaseVitals {
  /** Sessions that this process has in memory. */
  readonly sessions: number
  /** Event streams on which clients listen. */
  readonly streams: number
}
