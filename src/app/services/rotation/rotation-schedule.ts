import { setTimeout as pause } from 'node:timers/promises'
import { taskOf, type RotationTask } from '../../../core/external-service/rotation/rotation-due.js'
import type { RotationStatus, RotationStore } from '../../../core/external-service/rotation/rotation-store.js'
import type { Rotation } from '../../../core/external-service/rotation/rotation.js'
import type { EngineRotator, Rotator } from '../../../core/external-service/rotation/rotator.js'
import type { Tenant, TenantRegistry } from '../../../core/identity/tenant.js'
import type { Log } from '../../../core/runtime/log.js'
import type { RateLimiter } from '../../../core/runtime/rate-limiter.js'
import type { Rotators } from './read-rotators.js'

export interface RotationScheduleOptions {
  readonly rotation: Pick<Rotation, 'rotate'>
  readonly store: Pick<RotationStore, 'statuses'>
  readonly tenants: Pick<TenantRegistry, 'list'>
  /** Whose turn it is. */
  readonly turns: Pick<RateLimiter, 'take'>
  /** Which of the servers have the same rotators. */
  readonly application: string
  readonly rotators: Rotators
  /** `undefined` where no secrets engine makes credentials. */
  readonly engine: EngineRotator | undefined
  readonly log: Log
}

const everyMilliseconds = 60_000
/** One server looks for all of the same application. */
const turn = { name: 'service rotation', limit: 1, seconds: 50 }
const mostInRound = 20
const stopMilliseconds = 5_000

/** What is to be done now, and with what. */
interface Due {
  readonly status: RotationStatus
  readonly task: RotationTask
  readonly rotator: Rotator | undefined
}

/** Replaces credentials that are due, and finishes what was cut off, as far as that needs nobody. Never keeps the process alive. */
export class RotationSchedule {
  readonly #options: RotationScheduleOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor(options: RotationScheduleOptions) {
    this.#options = options
  }

  start(): void {
    const milliseconds = everyMilliseconds * (0.75 + Math.random() / 2)
    this.#timer = setTimeout(() => {
      this.#running = this.#takeTurn()
      void this.#running.finally(() => {
        if (!this.#stopped) this.start()
      })
    }, milliseconds).unref()
  }

  /** What is under way has a moment to end; another server goes on with it otherwise. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    const late = new AbortController()
    const waited = pause(stopMilliseconds, undefined, { signal: late.signal }).catch(() => undefined)
    await Promise.race([this.#running, waited])
    late.abort()
  }

  /** Does what is due, one after the other; answers with how many services that were. What fails is in the log, and on record. */
  async round(): Promise<number> {
    let done = 0
    for (const tenant of await this.#options.tenants.list()) {
      for (const due of await this.#dueOf(tenant)) {
        if (this.#stopped || done >= mostInRound) return done
        done += 1
        await this.#attend(tenant, due)
      }
    }
    return done
  }

  /** Never rejects. */
  async #takeTurn(): Promise<void> {
    const { application, log, turns } = this.#options
    try {
      const { admitted } = await turns.take([{ limit: turn, key: application }])
      if (admitted) await this.round()
    } catch (error) {
      log.write('warn', 'credentials that are due could not be looked for', { error })
    }
  }

  async #dueOf(tenant: Tenant): Promise<readonly Due[]> {
    const { log, store } = this.#options
    try {
      const statuses = await store.statuses(tenant)
      return statuses.flatMap((status) => this.#due(status) ?? [])
    } catch (error) {
      log.write('warn', 'credentials that are due could not be looked for', { tenant: tenant.slug, error })
      return []
    }
  }

  #due(status: RotationStatus): Due | undefined {
    const task = taskOf(status)
    if (task === undefined || status.from === undefined) return undefined
    // What somebody has brought is finished without anybody.
    if (task === 'finish' && status.origin === 'given') return { status, task, rotator: undefined }
    const rotator = this.#rotatorOf(status)
    return rotator && { status, task, rotator }
  }

  #rotatorOf({ from, name }: RotationStatus): Rotator | undefined {
    const { engine, rotators } = this.#options
    if (from !== 'store') return engine && { kind: 'engine', engine }
    const credentials = rotators.get(name)
    return credentials && { kind: 'application', credentials }
  }

  async #attend(tenant: Tenant, { rotator, status, task }: Due): Promise<void> {
    const { log, rotation } = this.#options
    const about = { tenant: tenant.slug, service: status.name }
    // What is only tidied up nobody has asked for.
    const by = (status.phase === 'retiring' ? undefined : status.askedBy) ?? 'schedule'
    try {
      const outcome = await rotation.rotate({ tenant, name: status.name, rotator, task, by })
      if (outcome.outcome === 'rotated' || outcome.outcome === 'resumed') {
        log.write('info', 'a credential was rotated', { ...about, version: outcome.version })
      }
    } catch (error) {
      log.write('warn', 'a rotation could not be begun', { ...about, error })
    }
  }
}
