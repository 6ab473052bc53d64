/** How a database's schema stands to what this version wants. */
export interface SchemaStatus {
  /** `undefined` for master. */
  readonly tenant: string | undefined
  readonly database: string
  /** `newer`: a later version has been here; this one works with it. */
  readonly state: 'behind' | 'current' | 'newer' | 'unreachable'
  /** Steps that are still to be taken. */
  readonly missing: readonly string[]
}

/** What became of one database in a run. */
export interface MigrationResult {
  readonly tenant: string | undefined
  readonly database: string
  /** Steps that were taken now. */
  readonly taken: readonly string[]
  /** Why it was left as it is; the run went on with the others, and may be repeated. */
  readonly failure: string | undefined
}

export interface MigrationProgress {
  readonly done: number
  readonly total: number
  readonly result: MigrationResult
}
