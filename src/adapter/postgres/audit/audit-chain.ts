import type { Kysely } from 'kysely'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { AuditTables } from '../schema/audit-schema.js'
import { appendRows, type HeldEnd } from './append-rows.js'
import { toStoredRow, type AuditRow } from './audit-row.js'
import type { AuditSeal } from './audit-seal.js'
import { claimChain, releaseChain, renewChain, type Claim } from './claim-chain.js'
import { isIntent, OpenIntents, unknownOutcomeOf } from './open-intents.js'

type Db = Kysely<AuditTables>

const mostAttempts = 3

export interface AuditChainOptions {
  /** Whose database: a tenant's id, or `master`. */
  readonly place: string
  readonly seal: AuditSeal
  /** This process. */
  readonly holder: string
  readonly database: () => Promise<Db>
}

/** Rows that were sent to the database, which has not said what became of them. */
interface Doubt {
  readonly rows: readonly AuditRow[]
  readonly end: HeldEnd
}

/** The chain that this process writes in one database; its end is known here, so that rows are added by one statement. */
export class AuditChain {
  readonly #options: AuditChainOptions
  readonly #intents = new OpenIntents()
  #claim: Claim | undefined
  #doubt: Doubt | undefined
  /** Events that are written although whoever sent them was told of a failure. */
  readonly #writtenAfterAll = new WeakSet<AuditRow['event']>()
  readonly #retained = new WeakSet<AuditRow['event']>()
  readonly #refused: AuditRow[] = []
  #turn: Promise<unknown> = Promise.resolve()
  /** By `performance.now()`. */
  #usedAt = 0

  constructor(options: AuditChainOptions) {
    this.#options = options
  }

  /** Whether intents wait for their outcomes. */
  get isOpen(): boolean {
    return this.#intents.size > 0
  }

  /** How long ago it was last written to, in milliseconds. */
  get idleMilliseconds(): number {
    return performance.now() - this.#usedAt
  }

  /** Committed, all or none and in their order, once it resolves. */
  append(rows: readonly AuditRow[]): Promise<void> {
    return this.#inTurn(() => this.#append(rows))
  }

  /** Who sent this event was told of a failure, and goes on all the same. */
  retained(event: AuditRow['event']): void {
    this.#retained.add(event)
  }

  /** Writes the outcomes of intents that are on record although whoever sent them was told that they are not. */
  async tidy(): Promise<void> {
    const refused = this.#refused.splice(0).filter(({ event }) => !this.#retained.has(event))
    if (refused.length === 0) return
    const outcomes = refused.map(({ event }): AuditRow => ({
      event: { ...event, ...unknownOutcomeOf(event) },
      count: 1,
    }))
    await this.append(outcomes).catch((error: unknown) => {
      this.#refused.push(...refused)
      throw error
    })
  }

  /** Says that this process is alive, so that nobody takes its open intents for those of a dead one. */
  renew(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#claim === undefined) return
      if (!(await renewChain(await this.#options.database(), this.#claim.end))) this.#lose()
      else this.#usedAt = performance.now()
    })
  }

  /** Leaves the chain to whoever comes next. */
  release(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#claim === undefined) return
      const { end } = this.#claim
      this.#lose()
      await releaseChain(await this.#options.database(), end)
    })
  }

  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(action)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #append(all: readonly AuditRow[]): Promise<void> {
    const db = await this.#options.database()
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      this.#claim ??= await this.#claimAgain(db)
      const rows = all.filter(({ event }) => !this.#writtenAfterAll.has(event))
      if (rows.length === 0 || (await this.#add(db, this.#claim, rows))) return
    }
    throw new UpstreamError('OVERLOADED', 'the audit trail did not take the rows')
  }

  async #add(db: Db, claim: Claim, rows: readonly AuditRow[]): Promise<boolean> {
    const stored = rows.map(toStoredRow)
    const { end } = claim
    const elapsed = (performance.now() - claim.readAt) * 1000
    const addition = {
      rows: stored,
      at: Math.max(claim.writtenAt, Math.floor(claim.now + elapsed)),
      settle: (sequence: number) => this.#intents.settledWith(stored, end.sequence, sequence),
    }
    this.#claim = undefined
    this.#doubt = { rows, end }
    const added = await appendRows(db, this.#options.seal, { addition, end })
    this.#doubt = undefined
    if (added.end === undefined) return false
    this.#intents.note(stored, end.sequence)
    this.#usedAt = performance.now()
    this.#claim = { end: added.end, now: added.now, readAt: performance.now(), writtenAt: addition.at }
    return true
  }

  /** What was sent before a failure may have been written all the same: nobody else adds to a chain that still is this process's. */
  async #claimAgain(db: Db): Promise<Claim> {
    const { holder, place, seal } = this.#options
    const { claimed, ...claim } = await claimChain(db, { holder, place, seal })
    const doubt = this.#doubt
    this.#doubt = undefined
    if (claimed === 'anew') this.#intents.forget()
    else if (doubt !== undefined && claim.end.name === doubt.end.name && claim.end.sequence > doubt.end.sequence) {
      for (const { event } of doubt.rows) this.#writtenAfterAll.add(event)
      this.#intents.note(doubt.rows.map(toStoredRow), doubt.end.sequence)
      this.#refused.push(...doubt.rows.filter((row) => isIntent(toStoredRow(row))))
    }
    return claim
  }

  #lose(): void {
    this.#claim = undefined
    this.#intents.forget()
  }
}
