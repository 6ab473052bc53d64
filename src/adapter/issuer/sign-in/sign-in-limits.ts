import type { Tenant } from '../../../core/identity/tenant.js'
import type { RateLimit, RateLimiter, RateLimitKey } from '../../../core/runtime/rate-limiter.js'
import type { Visit } from './interaction-step.js'
import type { SealedRecords } from '../record/sealed-records.js'

const seconds = 15 * 60
const perInteraction: RateLimit = { name: 'password-interaction', limit: 10, seconds }
const perCaller: RateLimit = { name: 'password-caller', limit: 60, seconds }
const perBrowser: RateLimit = { name: 'password-browser', limit: 10, seconds }
const perAccountAndCaller: RateLimit = { name: 'password-account-caller', limit: 10, seconds }
const perAccount: RateLimit = { name: 'password-account', limit: 20, seconds }
const knownBrowserSeconds = 180 * 24 * 60 * 60

export interface Attempt {
  readonly visit: Visit
  readonly tenant: Tenant
  readonly email: string
}

/** An attempt that may be made, to be settled when it is known how it went. */
export interface CountedAttempt {
  /** The password was right: nothing counts, and the browser is known from now on. Throws `UpstreamError`. */
  succeeded(): Promise<void>
  /** The password was not looked at: nothing counts. Throws `UpstreamError`. */
  withdrawn(): Promise<void>
}

export type Admission =
  { readonly admitted: true; readonly attempt: CountedAttempt } | { readonly admitted: false; readonly wait: number }

/**
 * How often passwords may be tried: per sign-in, per caller, per account and caller, and per account over all callers.
 * A browser that has signed in to an account before has a count of its own there, whatever its address, so that
 * strangers who guess cannot shut its user out.
 */
export class SignInLimits {
  readonly #records: SealedRecords
  readonly #limiter: RateLimiter

  constructor(records: SealedRecords, limiter: RateLimiter) {
    this.#records = records
    this.#limiter = limiter
  }

  /** Counts an attempt; answers with the seconds to wait when it may not be made. Throws `UpstreamError` where it cannot be counted. */
  async take(attempt: Attempt): Promise<Admission> {
    const known = (await this.#records.find('KnownBrowser', browserKey(attempt))) !== undefined
    const keys = keysOf(attempt, known ? 'known' : 'unknown')
    const answer = await this.#limiter.take(keys)
    if (!answer.admitted) return { admitted: false, wait: answer.secondsLeft }
    return {
      admitted: true,
      attempt: {
        succeeded: async () => {
          await this.#limiter.giveBack(keys)
          await this.#remember(attempt)
        },
        withdrawn: () => this.#limiter.giveBack(keys),
      },
    }
  }

  /** By a digest that leads back to neither browser nor account. */
  async #remember(attempt: Attempt): Promise<void> {
    const id = browserKey(attempt)
    await this.#limiter.forget([{ limit: perBrowser, key: id }])
    await this.#records.put({ model: 'KnownBrowser', id, payload: {}, expiresIn: knownBrowserSeconds })
  }
}

function keysOf(attempt: Attempt, browser: 'known' | 'unknown'): readonly RateLimitKey[] {
  const { interaction, caller } = attempt.visit
  const ofInteraction = { limit: perInteraction, key: interaction.uid }
  if (browser === 'known') return [ofInteraction, { limit: perBrowser, key: browserKey(attempt) }]
  return [
    ofInteraction,
    { limit: perCaller, key: caller },
    { limit: perAccountAndCaller, key: JSON.stringify([...accountOf(attempt), caller]) },
    { limit: perAccount, key: JSON.stringify(accountOf(attempt)) },
  ]
}

/** Another spelling of an address is no other account: it would have counts of its own. */
function accountOf({ tenant, email }: Attempt): readonly string[] {
  return [tenant.id, email.toLowerCase()]
}

function browserKey(attempt: Attempt): string {
  return JSON.stringify([attempt.visit.browser, ...accountOf(attempt)])
}
