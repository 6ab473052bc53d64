/** How a database's schema stands to what this version wants. */
export interface SchemaStatus {
  /** `undefined` for master. */
  readonly tenant: string | undefined
  readonly database: string
  /** `newer`: a later version has been here; what this one cannot do with it, if anything, that version's `authsec migrate` has said. */
  readonly state: 'behind' | 'current' | 'newer' | 'unreachable'
  /** Steps that are still to be taken. */
  readonly missing: readonly string[]
  /** What servers of earlier versions cannot do once they are taken, a sentence each. */
  readonly withheld: readonly string[]
}

/** What became of one database in a run. */
export interface MigrationResult {
  readonly tenant: string | undefined
  readonly database: string
  /** Steps that were taken now. */
  readonly taken: readonly string[]
  /** What servers of earlier versions cannot do any more, a sentence each. */
  readonly withheld: readonly string[]
  /** Why it was left as it is; the run went on with the others, and may be repeated. */
  readonly failure: string | undefined
}

export interface MigrationProgress {
  readonly done: number
  readonly total: number
  readonly result: MigrationResult
}
