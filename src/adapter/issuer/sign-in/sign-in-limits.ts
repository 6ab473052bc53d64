import type { Tenant } from '../../../core/identity/tenant.js'
import type { RateLimit, RateLimiter, RateLimitKey } from '../../../core/runtime/rate-limiter.js'
import type { ProofVisit } from './interaction-step.js'
import type { HashingClaim } from '../password/hashing-queue.js'
import type { SealedRecords } from '../record/sealed-records.js'

const seconds = 15 * 60
const daySeconds = 24 * 60 * 60

/**
 * What is tried: passwords, codes by whoever has the password, or the forms of passkeys and of setting up, which cannot be guessed and
 * cost us work.
 */
type Proof = 'password' | 'code' | 'signature'

/** Codes are few enough to be found by trying: what strangers may try in a day has a bound of its own. */
const limits = {
  password: {
    interaction: { name: 'password-interaction', limit: 10, seconds },
    caller: { name: 'password-caller', limit: 60, seconds },
    browser: [{ name: 'password-browser', limit: 10, seconds }],
    accountAndCaller: { name: 'password-account-caller', limit: 10, seconds },
    account: [{ name: 'password-account', limit: 20, seconds }],
  },
  code: {
    interaction: { name: 'code-interaction', limit: 5, seconds },
    caller: { name: 'code-caller', limit: 60, seconds },
    browser: [
      { name: 'code-browser', limit: 10, seconds },
      { name: 'code-browser-day', limit: 50, seconds: daySeconds },
    ],
    accountAndCaller: { name: 'code-account-caller', limit: 5, seconds },
    account: [
      { name: 'code-account', limit: 10, seconds },
      { name: 'code-account-day', limit: 50, seconds: daySeconds },
    ],
  },
  // None for the account: whoever has its password could use it up.
  signature: {
    interaction: { name: 'signature-interaction', limit: 20, seconds },
    caller: { name: 'signature-caller', limit: 120, seconds },
    browser: [{ name: 'signature-browser', limit: 60, seconds }],
    accountAndCaller: { name: 'signature-account-caller', limit: 40, seconds },
    account: [],
  },
} as const satisfies Record<Proof, Readonly<Record<string, RateLimit | readonly RateLimit[]>>>
/**
 * Passwords of one account that are looked at, right ones too: some minute of computing in a quarter of an hour. Far above what a
 * user needs and far above the guesses that strangers have, so that those do not use it up for anybody. There is none for a
 * network: a whole office may sign in from there, and has one turn among others wherever there are any.
 */
const passwordWork: RateLimit = { name: 'password-work', limit: 300, seconds }
/** Pages and forms after the password: each is a row, or a signature by a key of the user's own choice. */
const stepsOfInteraction: RateLimit = { name: 'factor-interaction', limit: 60, seconds }
const knownBrowserSeconds = 180 * 24 * 60 * 60

export interface Attempt {
  readonly visit: Omit<ProofVisit, 'csrf'>
  readonly tenant: Tenant
  readonly email: string
}

/** A browser that may be known to an account. */
export interface KnownPlace extends Pick<Attempt, 'email' | 'tenant'> {
  readonly visit: Pick<ProofVisit, 'browser'>
}

/** An attempt that may be made, to be settled when it is known how it went. */
export interface CountedAttempt {
  /** In whose turn a password is looked at. */
  readonly claim: HashingClaim
  /** The password was right: it was no guess, and the browser is known from now on. Throws `UpstreamError`. */
  succeeded(): Promise<void>
  /** The password was right, and more is asked for: it was no guess. Throws `UpstreamError`. */
  unfinished(): Promise<void>
  /** The password was not looked at: nothing counts. Throws `UpstreamError`. */
  withdrawn(): Promise<void>
}

export type Admission =
  { readonly admitted: true; readonly attempt: CountedAttempt } | { readonly admitted: false; readonly wait: number }

/**
 * How often passwords and codes may be tried: per sign-in, per caller, per account and caller, and per account over all callers.
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
  async take(attempt: Attempt, proof: Proof = 'password'): Promise<Admission> {
    const record = await this.#records.find('KnownBrowser', browserKey(attempt, proof))
    const browser = record === undefined ? 'unknown' : 'known'
    const guesses = keysOf(attempt, proof, browser)
    const keys = proof === 'password' ? [...guesses, workKeyOf(attempt, browser)] : guesses
    const answer = await this.#limiter.take(keys)
    if (!answer.admitted) return { admitted: false, wait: answer.secondsLeft }
    const unfinished = (): Promise<void> => this.#limiter.giveBack(guesses)
    return {
      admitted: true,
      attempt: {
        claim: claimOf(attempt, browser),
        succeeded: async () => {
          await unfinished()
          await this.know(attempt, proof)
        },
        unfinished,
        withdrawn: () => this.#limiter.giveBack(keys),
      },
    }
  }

  /** Counts what is asked for after a password; answers with the seconds to wait where that was enough. Throws `UpstreamError`. */
  async step({ interaction }: Pick<ProofVisit, 'interaction'>): Promise<number | undefined> {
    const answer = await this.#limiter.take([{ limit: stepsOfInteraction, key: interaction.uid }])
    return answer.admitted ? undefined : answer.secondsLeft
  }

  /**
   * Knows the browser from now on, by a digest that leads back to neither browser nor account. Whoever has shown a password alone
   * is no less a stranger to codes; a second factor comes after a password. Throws `UpstreamError`.
   */
  async know(place: KnownPlace, proof: Proof = 'code'): Promise<void> {
    for (const shown of proof === 'password' ? ([proof] as const) : (['password', 'code'] as const)) {
      const id = browserKey(place, shown)
      await this.#limiter.forget(limits[shown].browser.map((limit) => ({ limit, key: id })))
      await this.#records.put({ model: 'KnownBrowser', id, payload: {}, expiresIn: knownBrowserSeconds })
    }
  }
}

function keysOf(attempt: Attempt, proof: Proof, browser: 'known' | 'unknown'): readonly RateLimitKey[] {
  const { interaction, caller } = attempt.visit
  const of = limits[proof]
  const ofInteraction = { limit: of.interaction, key: interaction.uid }
  if (browser === 'known') {
    const key = browserKey(attempt, proof)
    return [ofInteraction, ...of.browser.map((limit) => ({ limit, key }))]
  }
  const account = JSON.stringify(accountOf(attempt))
  return [
    ofInteraction,
    { limit: of.caller, key: caller.address },
    { limit: of.accountAndCaller, key: JSON.stringify([...accountOf(attempt), caller.address]) },
    ...of.account.map((limit) => ({ limit, key: account })),
  ]
}

/** Of known browsers apart: nobody else has theirs. */
function workKeyOf(attempt: Attempt, browser: 'known' | 'unknown'): RateLimitKey {
  return { limit: passwordWork, key: JSON.stringify([...accountOf(attempt), browser]) }
}

function claimOf(attempt: Attempt, browser: 'known' | 'unknown'): HashingClaim {
  const account = JSON.stringify(accountOf(attempt))
  return { account, stranger: browser === 'known' ? undefined : attempt.visit.caller.address }
}

/** Another spelling of an address is no other account: it would have counts of its own. */
function accountOf({ tenant, email }: KnownPlace): readonly string[] {
  return [tenant.id, email.toLowerCase()]
}

/** A second factor is one thing, in whatever way it was shown. */
function browserKey(place: KnownPlace, proof: Proof): string {
  const parts = [place.visit.browser, ...accountOf(place)]
  return JSON.stringify(proof === 'password' ? parts : [...parts, 'code'])
}
