import type { Tenant } from '../../../core/identity/tenant.js'
import type { Clock } from '../../../core/runtime/clock.js'
import { AttemptWindow } from './attempt-window.js'
import type { Visit } from './interaction-step.js'
import type { SealedRecords } from '../record/sealed-records.js'

const windowSeconds = 15 * 60
const knownBrowserSeconds = 180 * 24 * 60 * 60
const mostPerInteraction = 10
const mostPerCaller = 60
const mostPerAccountAndCaller = 10
const mostPerAccount = 20
const accountsCounted = 100_000

export interface Attempt {
  readonly visit: Visit
  readonly tenant: Tenant
  readonly email: string
}

/** An attempt that may be made, to be settled when it is known how it went. */
export interface CountedAttempt {
  /** The password was right: nothing counts, and the browser is known from now on. */
  succeeded(): Promise<void>
  /** The password was not looked at: nothing counts. */
  withdrawn(): void
}

export type Admission =
  { readonly admitted: true; readonly attempt: CountedAttempt } | { readonly admitted: false; readonly wait: number }

interface Limit {
  readonly window: AttemptWindow
  readonly key: string
}

/**
 * How often passwords may be tried: per sign-in, per caller, per account and caller, and per account over all callers.
 * A browser that has signed in to an account before has a count of its own there, whatever its address, so that
 * strangers who guess cannot shut its user out. The counts are kept in the memory of one process.
 */
export class SignInLimits {
  readonly #records: SealedRecords
  readonly #interactions: AttemptWindow
  readonly #callers: AttemptWindow
  readonly #browsers: AttemptWindow
  readonly #accountsOfCaller: AttemptWindow
  readonly #accounts: AttemptWindow

  constructor(records: SealedRecords, clock: Clock) {
    const common = { seconds: windowSeconds, clock }
    this.#records = records
    this.#interactions = new AttemptWindow({ ...common, limit: mostPerInteraction })
    this.#callers = new AttemptWindow({ ...common, limit: mostPerCaller })
    this.#browsers = new AttemptWindow({ ...common, limit: mostPerAccountAndCaller })
    this.#accountsOfCaller = new AttemptWindow({ ...common, limit: mostPerAccountAndCaller })
    this.#accounts = new AttemptWindow({ ...common, limit: mostPerAccount, capacity: accountsCounted })
  }

  /** Counts an attempt; answers with the seconds to wait when it may not be made. */
  async take(attempt: Attempt): Promise<Admission> {
    const known = (await this.#records.find('KnownBrowser', browserKey(attempt))) !== undefined
    const taken: Limit[] = []
    for (const limit of this.#limitsOf(attempt, known)) {
      if (!limit.window.take(limit.key)) {
        giveBack(taken)
        return { admitted: false, wait: limit.window.secondsLeft(limit.key) }
      }
      taken.push(limit)
    }
    return {
      admitted: true,
      attempt: {
        succeeded: async () => {
          giveBack(taken)
          await this.#remember(attempt)
        },
        withdrawn: () => giveBack(taken),
      },
    }
  }

  #limitsOf(attempt: Attempt, known: boolean): readonly Limit[] {
    const { interaction, caller } = attempt.visit
    const perInteraction = { window: this.#interactions, key: interaction.uid }
    if (known) return [perInteraction, { window: this.#browsers, key: browserKey(attempt) }]
    return [
      perInteraction,
      { window: this.#callers, key: caller },
      { window: this.#accountsOfCaller, key: JSON.stringify([...accountOf(attempt), caller]) },
      { window: this.#accounts, key: JSON.stringify(accountOf(attempt)) },
    ]
  }

  /** By a digest that leads back to neither browser nor account. */
  #remember(attempt: Attempt): Promise<void> {
    this.#browsers.forget(browserKey(attempt))
    const id = browserKey(attempt)
    return this.#records.put({ model: 'KnownBrowser', id, payload: {}, expiresIn: knownBrowserSeconds })
  }
}

function giveBack(limits: readonly Limit[]): void {
  for (const { window, key } of limits) window.giveBack(key)
}

/** Another spelling of an address is no other account: it would have counts of its own. */
function accountOf({ tenant, email }: Attempt): readonly string[] {
  return [tenant.id, email.toLowerCase()]
}

function browserKey(attempt: Attempt): string {
  return JSON.stringify([attempt.visit.browser, ...accountOf(attempt)])
}
