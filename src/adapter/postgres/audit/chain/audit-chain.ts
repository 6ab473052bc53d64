import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { UpstreamError } from '../../../../core/error/upstream-error.js'
import { sqlState } from '../../pool/database-failure.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { appendSealed, sealAddition, type HeldEnd, type Whereabouts } from './append-rows.js'
import { toStoredRow, type AuditRow } from '../audit-row.js'
import type { AuditSeal } from '../audit-seal.js'
import type { BrokenChains } from './broken-chains.js'
import { claimChain, releaseChain, renewChain, stands, type Claim } from './claim-chain.js'
import { GivenUpChains } from '../settle/given-up-chains.js'
import { isIntent, OpenIntents, unknownOutcomeOf } from '../settle/open-intents.js'

type Db = Kysely<AuditTables>

const mostAttempts = 3

export interface AuditChainOptions {
  /** Whose database: a tenant's id, or `master`. */
  readonly place: string
  readonly seal: AuditSeal
  readonly broken: BrokenChains
  readonly database: () => Promise<Db>
}

/** Rows that were sent to the database, which has not said what became of them. */
interface Doubt {
  readonly rows: readonly AuditRow[]
  readonly end: HeldEnd
  /** Where the chain ends with them. */
  readonly next: HeldEnd
}

/** An intent that is on record although whoever sent it was told that it is not. */
interface Refused {
  readonly intent: AuditRow['event']
  readonly outcome: AuditRow
}

/** The chain that this process writes in one database; its end is known here, so that rows are added by one statement. */
export class AuditChain {
  /** In the words of each claim of it: nobody else's chain is taken for its own. */
  readonly writer = randomUUID()
  readonly #options: AuditChainOptions
  readonly #givenUp = new GivenUpChains()
  #intents = new OpenIntents()
  #claim: Claim | undefined
  #claims = 0
  #wanted: 'any' | 'new' = 'any'
  /** Where the chain ended when this process last knew. */
  #known: HeldEnd | undefined
  #doubt: Doubt | undefined
  /** Events that are written although whoever sent them was told of a failure. */
  readonly #writtenAfterAll = new WeakSet<AuditRow['event']>()
  readonly #retained = new WeakSet<AuditRow['event']>()
  readonly #refused: Refused[] = []
  /** The last one, by `performance.now()`. */
  #failure: { readonly at: number; readonly error: unknown } | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** By `performance.now()`. */
  #usedAt = performance.now()

  constructor(options: AuditChainOptions) {
    this.#options = options
  }

  /** Whether intents wait for their outcomes, or rows for what became of them. */
  get isOpen(): boolean {
    return this.#intents.size > 0 || this.#givenUp.size > 0 || this.#doubt !== undefined || this.#refused.length > 0
  }

  /** How long ago it was last written to, in milliseconds. */
  get idleMilliseconds(): number {
    return performance.now() - this.#usedAt
  }

  /** Committed, all or none and in their order, once it resolves. */
  append(rows: readonly AuditRow[]): Promise<void> {
    const askedAt = performance.now()
    return this.#inTurn(async () => {
      // Whoever waited while another failed is not made to wait for one more failure.
      if (this.#failure !== undefined && this.#failure.at > askedAt) throw this.#failure.error
      try {
        await this.#append(rows)
      } catch (error) {
        this.#failure = { at: performance.now(), error }
        throw error
      }
    })
  }

  /** Who sent this event was told of a failure, and goes on all the same. */
  retained(event: AuditRow['event']): void {
    this.#retained.add(event)
  }

  /** Where the row of this event may stand although whoever sent it was told of a failure; `written` where it does. */
  whereabouts(event: AuditRow['event']): Whereabouts | 'written' | undefined {
    if (this.#writtenAfterAll.has(event)) return 'written'
    return this.#doubt?.rows.some((row) => row.event === event) === true ? this.#doubt.next : undefined
  }

  /** Finds out what became of rows in doubt; intents among them that nobody acts on have their outcomes then. */
  async tidy(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.isOpen) return
      const db = await this.#options.database()
      this.#claim ??= await this.#claimAgain(db)
      await this.#givenUp.keep(db)
    })
    const refused = this.#refused.splice(0).filter(({ intent }) => !this.#retained.has(intent))
    if (refused.length === 0) return
    await this.append(refused.map(({ outcome }) => outcome)).catch((error: unknown) => {
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
      if (this.#claim === undefined && this.#givenUp.size === 0) return
      const end = this.#claim?.end
      this.#lose()
      const db = await this.#options.database()
      if (end !== undefined) await releaseChain(db, end)
      await this.#givenUp.release(db)
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
      settle: (sequence: number) => Math.max(end.settled, this.#intents.settledWith(stored, end.sequence, sequence)),
    }
    const sealed = sealAddition(this.#options.seal, { addition, end })
    this.#claim = undefined
    this.#doubt = { rows, end, next: sealed.next }
    const added = await appendSealed(db, sealed).catch((error: unknown) => this.#giveUp(db, end, error))
    this.#doubt = undefined
    if (added?.end === undefined) return false
    this.#intents.note(stored, end.sequence)
    this.#givenUp.close(stored)
    this.#usedAt = performance.now()
    this.#known = added.end
    this.#claim = { end: added.end, now: added.now, readAt: performance.now(), writtenAt: addition.at }
    return true
  }

  /** Nothing of it was written where the chain takes no rows: the next claim is of a new one. Throws every other failure. */
  async #giveUp(db: Db, end: HeldEnd, error: unknown): Promise<undefined> {
    // That is an answer: the statement has done nothing.
    if (/^(?:22|23|42)/.test(sqlState(error) ?? '')) this.#doubt = undefined
    if (!this.#options.broken.giveUp(end, error)) throw error
    await this.#leaveBroken(db, end)
  }

  /** Held while calls run whose intents are in it. */
  async #leaveBroken(db: Db, end: HeldEnd): Promise<void> {
    this.#wanted = 'new'
    this.#givenUp.add({ end, intents: this.#intents })
    this.#intents = new OpenIntents()
    this.#lose()
    await this.#givenUp.keep(db).catch(() => undefined)
  }

  /**
   * What was sent before a failure may have been written all the same; and meanwhile others may have had the chain, and have settled what
   * was open in it then.
   */
  async #claimAgain(db: Db): Promise<Claim> {
    const claim = await this.#claimIntact(db)
    const doubt = this.#doubt
    if (doubt !== undefined && isSameEnd(claim.end, doubt.next)) this.#noteWritten(doubt, 'open')
    else if (this.#known === undefined || !isSameEnd(claim.end, this.#known)) {
      if (claim.end.name !== this.#known?.name) this.#intents.forget()
      if (doubt !== undefined && (await stands(db, doubt.next))) this.#noteWritten(doubt, 'settled')
    }
    this.#doubt = undefined
    this.#known = claim.end
    return claim
  }

  /** Never of a chain from which rows have gone that this process has written. */
  async #claimIntact(db: Db): Promise<Claim> {
    const { broken, place, seal } = this.#options
    for (;;) {
      this.#claims += 1
      const wanted = { holder: `${this.writer}.${this.#claims}`, which: this.#wanted }
      const claim = await claimChain(db, { writer: this.writer, place, seal, broken }, wanted)
      this.#wanted = 'any'
      if (this.#known === undefined || !isCutBack(claim.end, this.#known)) return claim
      broken.giveUpCut(claim.end)
      await this.#leaveBroken(db, claim.end)
    }
  }

  #noteWritten({ end, rows }: Doubt, intents: 'open' | 'settled'): void {
    const stored = rows.map(toStoredRow)
    if (intents === 'open') this.#intents.note(stored, end.sequence)
    this.#givenUp.close(stored)
    for (const row of rows) {
      const { event: intent } = row
      this.#writtenAfterAll.add(intent)
      if (intents === 'settled' || !isIntent(toStoredRow(row))) continue
      this.#refused.push({ intent, outcome: { event: { ...intent, ...unknownOutcomeOf(intent) }, count: 1 } })
    }
  }

  #lose(): void {
    this.#claim = undefined
    this.#intents.forget()
  }
}

function isSameEnd(one: HeldEnd, other: HeldEnd): boolean {
  return one.name === other.name && one.sequence === other.sequence && one.mac.equals(other.mac)
}

function isCutBack(end: HeldEnd, known: HeldEnd): boolean {
  return end.name === known.name && end.sequence <= known.sequence && !isSameEnd(end, known)
}
