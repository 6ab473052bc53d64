import type { Tenant } from '../../identity/tenant.js'
import type { Log } from '../../runtime/log.js'
import type { AuditPlace } from '../audit-reader.js'
import { AuditDeliveryError, type AuditReceiver } from './audit-receiver.js'
import type { UnsentAudit } from './unsent-audit.js'
import type { StreamLease } from './stream-lease.js'

export interface AuditStreamOptions {
  readonly receiver: AuditReceiver
  readonly unsent: UnsentAudit
  /** All tenants that there are at the moment. */
  readonly tenants: () => Promise<readonly Tenant[]>
  readonly lease: Pick<StreamLease, 'hold' | 'release'>
  readonly log: Log
  readonly times?: Partial<StreamTimes> | undefined
}

export interface StreamTimes {
  /** After which a database is looked at again that had something. */
  readonly busy: number
  /** The same for one that had nothing; longer where there are many. */
  readonly idle: number
  /** After the first failure; twice as long after each further one, up to `longest`. */
  readonly retry: number
  readonly longest: number
  /** How long one delivery may take. */
  readonly delivery: number
}

const usualTimes: StreamTimes = { busy: 1_000, idle: 5_000, retry: 1_000, longest: 60_000, delivery: 10_000 }
const recordsAtOnce = 200
/** How long a delivery may still take when the server stops: a receiver that is well has taken it by then. */
const closingMilliseconds = 3_000
/** So many deliveries of one database, then it is the next one's turn. */
const deliveriesInARow = 5
/** So many databases without news are looked at in a second at most. */
const looksPerSecond = 10
const mostRetryAfterSeconds = 600

/**
 * Sends the trail of every database to a receiver as it grows, at least once: what it has taken is noted after it took it. A receiver
 * that is down holds up nobody; what it missed is sent when it is back.
 */
export class AuditStream {
  readonly #options: AuditStreamOptions
  readonly #times: StreamTimes
  /** Nothing more is begun. */
  readonly #ending = new AbortController()
  /** What is under way has had its time. */
  readonly #giveUp = new AbortController()
  /** When to look next, by `performance.now()` and tenant id; `undefined` is master. */
  #due = new Map<string | undefined, number>()
  #failures = 0
  #running: Promise<void> | undefined

  constructor(options: AuditStreamOptions) {
    this.#options = options
    this.#times = { ...usualTimes, ...options.times }
  }

  /** Begins to send, without end. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Lets a delivery that is under way end, within its time; then another process may go on at once. */
  async close(): Promise<void> {
    const reason = new Error('the server is stopping')
    this.#ending.abort(reason)
    const timer = setTimeout(() => this.#giveUp.abort(reason), closingMilliseconds)
    await this.#running
    clearTimeout(timer)
    await this.#options.lease.release().catch(() => undefined)
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) await pause(await this.#round(), this.#ending.signal)
  }

  /** Looks at what is due; answers with the milliseconds until the next round. */
  async #round(): Promise<number> {
    const { lease, tenants } = this.#options
    try {
      if (!(await lease.hold())) return this.#times.idle
      const places = [undefined, ...(await tenants())]
      for (const place of this.#takeDue(places)) await this.#visit(place, places.length)
      return this.#times.busy
    } catch (error) {
      return this.#ending.signal.aborted ? 0 : this.#fail(error)
    }
  }

  /** Those of tenants that are gone are forgotten; one that is new is due at once. */
  #takeDue(places: readonly AuditPlace[]): readonly AuditPlace[] {
    const now = performance.now()
    this.#due = new Map(places.map((place) => [place?.id, this.#due.get(place?.id) ?? now]))
    return places.filter((place) => (this.#due.get(place?.id) ?? now) <= now)
  }

  async #visit(place: AuditPlace, places: number): Promise<void> {
    if (this.#ending.signal.aborted) return
    const quiet = Math.max(this.#times.idle, (places / looksPerSecond) * 1000)
    const had = await this.#drain(place)
    this.#due.set(place?.id, performance.now() + (had === 'news' ? this.#times.busy : quiet))
  }

  async #drain(place: AuditPlace): Promise<'news' | 'nothing'> {
    try {
      for (let delivery = 0; delivery < deliveriesInARow; delivery += 1) {
        if (!(await this.#deliver(place))) return delivery === 0 ? 'nothing' : 'news'
      }
      return 'news'
    } catch (error) {
      if (error instanceof AuditDeliveryError || this.#ending.signal.aborted) throw error
      // A database that is down must not keep the others from being sent.
      const { log, receiver } = this.#options
      log.write('warn', 'the audit trail cannot be read to be sent', { ...said(receiver, place), error })
      return 'nothing'
    }
  }

  /** Whether there was anything to send. */
  async #deliver(place: AuditPlace): Promise<boolean> {
    const { lease, receiver, unsent } = this.#options
    const { destination } = receiver
    this.#ending.signal.throwIfAborted()
    if (!(await lease.hold())) return false
    const records = await unsent.read(place, destination, recordsAtOnce)
    if (records.length === 0) return false
    const signal = AbortSignal.any([this.#giveUp.signal, AbortSignal.timeout(this.#times.delivery)])
    const taken = await receiver.deliver(records, signal).catch((error: unknown) => {
      throw error instanceof AuditDeliveryError ? error : new AuditDeliveryError('no answer in time', { cause: error })
    })
    this.#recover()
    await unsent.note(place, destination, records.slice(0, taken))
    return true
  }

  #recover(): void {
    if (this.#failures === 0) return
    this.#failures = 0
    const { log, receiver } = this.#options
    log.write('info', 'the audit trail is sent again', { destination: receiver.destination })
  }

  /** How long to leave the receiver alone. */
  #fail(error: unknown): number {
    const { log, receiver } = this.#options
    this.#failures += 1
    if (this.#failures === 1) {
      log.write('warn', 'the audit trail cannot be sent; it is kept, and sent when that is mended', {
        destination: receiver.destination,
        error,
      })
    }
    const wait = Math.min(this.#times.longest, this.#times.retry * 2 ** (this.#failures - 1))
    const asked = error instanceof AuditDeliveryError ? (error.retryAfterSeconds ?? 0) : 0
    // Several servers that were cut off together do not come back together.
    return Math.max(wait * (0.75 + Math.random() / 2), Math.min(asked, mostRetryAfterSeconds) * 1000)
  }
}

function said({ destination }: AuditReceiver, place: AuditPlace): Readonly<Record<string, string>> {
  return { destination, ...(place === undefined ? {} : { tenant: place.slug }) }
}

/** Ends early with the signal. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds).unref()
    signal.addEventListener('abort', end)
  })
}
