import type { Log } from '../../../../core/runtime/log.js'
import type { RateLimit, RateLimiter } from '../../../../core/runtime/rate-limiter.js'
import type { AuditMaintenance, AuditPlace } from './audit-maintenance.js'

const everyMilliseconds = 5 * 60 * 1000
const secondsPerDay = 24 * 60 * 60
/** One process does it for all of them. */
const checkpointTurn: RateLimit = { name: 'audit checkpoint', limit: 1, seconds: 60 * 60 }
const retentionTurn: RateLimit = { name: 'audit retention', limit: 1, seconds: secondsPerDay }

export interface AuditKeeperOptions {
  readonly maintenance: Pick<
    AuditMaintenance,
    'checkpoint' | 'held' | 'places' | 'prune' | 'sealBoundary' | 'timeBefore'
  >
  /** Whose turn it is. */
  readonly turns: Pick<RateLimiter, 'take'>
  /** How long rows stay; for good unless told. */
  readonly retentionDays: number | undefined
  readonly log: Log
}

/**
 * Says each hour, signed, how far the trails that were written to have come, and removes each day what is over; never keeps the
 * process alive. Processes take turns.
 */
export class AuditKeeper {
  readonly #options: AuditKeeperOptions
  readonly #timer: NodeJS.Timeout
  #running: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor(options: AuditKeeperOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.keep(), everyMilliseconds).unref()
  }

  /** What is due, by whoever's turn it is. What cannot be done is in the log. */
  keep(): Promise<void> {
    const kept = this.#running.then(() => this.#keep())
    this.#running = kept
    return kept
  }

  /** Resolves when nothing is being done any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await this.#running
  }

  async #keep(): Promise<void> {
    const { maintenance, retentionDays } = this.#options
    await this.#inTurn(checkpointTurn, async (place) => {
      await this.#sealBoundary(place)
      return maintenance.checkpoint(place, 'where changed')
    })
    if (retentionDays === undefined) return
    await this.#inTurn(retentionTurn, async (place) => {
      const cutoff = await maintenance.timeBefore(retentionDays * secondsPerDay)
      const pruned = await maintenance.prune(place, { cutoff, unsent: 'kept', by: 'retention' })
      for (const { chain, fault } of pruned) {
        if (fault === undefined) continue
        const tenant = place.tenant?.slug
        this.#options.log.write('error', 'rows of an audit trail whose term is over stay: verify it', {
          tenant,
          chain,
          fault,
        })
      }
      await this.#reportUnsent(place, cutoff)
    })
  }

  /** Whoever is not there any more is waited for all the same: somebody has to say so. */
  async #reportUnsent(place: AuditPlace, cutoff: number): Promise<void> {
    const { log, maintenance } = this.#options
    const held = (await maintenance.held(place, { cutoff, unsent: 'kept' })).filter(({ why }) => why === 'unsent')
    const destinations = [...new Set(held.flatMap((one) => one.destinations))]
    if (destinations.length === 0) return
    const rows = held.reduce((all, one) => all + one.rows, 0)
    const words = 'rows of an audit trail whose term is over stay: receivers do not have them (authsec audit receivers)'
    log.write('warn', words, { tenant: place.tenant?.slug, rows, destinations })
  }

  async #inTurn(limit: RateLimit, work: (place: AuditPlace) => Promise<unknown>): Promise<void> {
    const { log, maintenance, turns } = this.#options
    try {
      if (this.#stopped || !(await turns.take([{ limit, key: 'all' }])).admitted) return
      for (const place of await maintenance.places()) {
        if (this.#stopped) return
        if (place.tenant?.state !== 'deleting') await this.#do(place, work)
      }
    } catch (error) {
      log.write('warn', 'the audit trails could not be looked after', { error })
    }
  }

  async #sealBoundary(place: AuditPlace): Promise<void> {
    const upTo = await this.#options.maintenance.sealBoundary(place)
    if (upTo === undefined) return
    const tenant = place.tenant?.slug
    this.#options.log.write('info', 'rows up to a number are from before there were chains: nothing seals them', {
      tenant,
      upTo,
    })
  }

  /** One database that is down keeps none of the others waiting. */
  async #do(place: AuditPlace, work: (place: AuditPlace) => Promise<unknown>): Promise<void> {
    try {
      await work(place)
    } catch (error) {
      const tenant = place.tenant?.slug
      this.#options.log.write('warn', 'an audit trail could not be looked after', { tenant, error })
    }
  }
}
