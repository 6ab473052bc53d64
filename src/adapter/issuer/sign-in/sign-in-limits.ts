import type { Tenant } from '../../../core/identity/tenant.js'
import type { Clock } from '../../../core/runtime/clock.js'
import { AttemptWindow } from './attempt-window.js'
import type { Visit } from './interaction-step.js'
import type { SealedRecords } from '../record/sealed-records.js'

const windowSeconds = 15 * 60
const knownBrowserSeconds = 180 * 24 * 60 * 60

export interface Attempt {
  readonly visit: Visit
  readonly tenant: Tenant
  readonly email: string
}

/**
 * How often passwords may be tried: per sign-in, per caller, and per account. A browser that has signed in to an account
 * before has a count of its own there, so that strangers who guess cannot shut its user out.
 */
export class SignInLimits {
  readonly #records: SealedRecords
  readonly #interactions: AttemptWindow
  readonly #callers: AttemptWindow
  readonly #accounts: AttemptWindow

  constructor(records: SealedRecords, clock: Clock) {
    this.#records = records
    this.#interactions = new AttemptWindow({ limit: 10, seconds: windowSeconds, clock })
    this.#callers = new AttemptWindow({ limit: 60, seconds: windowSeconds, clock })
    this.#accounts = new AttemptWindow({ limit: 10, seconds: windowSeconds, clock })
  }

  /** Counts an attempt; answers with the seconds to wait when it may not be made. */
  async take(attempt: Attempt): Promise<number | undefined> {
    const { interaction, caller } = attempt.visit
    if (!this.#interactions.take(interaction.uid)) return this.#interactions.secondsLeft(interaction.uid)
    if (!this.#callers.take(caller)) return this.#callers.secondsLeft(caller)
    const key = await this.#accountKey(attempt)
    return this.#accounts.take(key) ? undefined : this.#accounts.secondsLeft(key)
  }

  /** Remembers the browser of a successful sign-in, by a digest that leads back to neither browser nor account. */
  async succeeded(attempt: Attempt): Promise<void> {
    this.#accounts.forget(await this.#accountKey(attempt))
    await this.#records.put({
      model: 'KnownBrowser',
      id: browserKey(attempt),
      payload: {},
      expiresIn: knownBrowserSeconds,
    })
  }

  async #accountKey(attempt: Attempt): Promise<string> {
    const known = await this.#records.find('KnownBrowser', browserKey(attempt))
    const { browser, caller } = attempt.visit
    return JSON.stringify([attempt.tenant.id, attempt.email, known === undefined ? caller : browser])
  }
}

function browserKey({ visit, tenant, email }: Attempt): string {
  return JSON.stringify([visit.browser, tenant.id, email])
}
