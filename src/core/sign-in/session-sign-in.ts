import { timingSafeEqual } from 'node:crypto'
import type { Keyring } from '../credential/keyring.js'
import { AuthenticationError } from '../error/authentication-error.js'
import { PermissionDeniedError } from '../error/permission-denied-error.js'
import type { TokenVerifier, VerifiedToken } from '../identity/verified-token.js'
import type { Authenticator } from '../operation/authenticator.js'
import type { RateLimiter } from '../runtime/rate-limiter.js'
import { signInIdentityOf, type IdentityProvider } from './identity-provider.js'
import type { LoginFailure } from './login-failure.js'
import type { LoginRecords } from './login-records.js'
import type { LoginSession } from './login-session.js'
import type { LoginStore, StoredLogin } from './login-store.js'
import { countAttempt, endLogin, isExhausted, randomText, type LoginEnd, type Phase } from './login-transaction.js'
import { parseOneTimeCode } from './one-time-code.js'
import type { NewIdentity, SignInEnd, SignInIdentity, SignInReference, SignInStore } from './sign-in-store.js'

export interface SessionSignInPorts {
  /** The application that sessions sign in to. */
  readonly clientId: string
  readonly logins: LoginStore
  readonly signIns: SignInStore
  readonly provider: IdentityProvider
  readonly tokens: TokenVerifier
  /** The resource that a pasted access token must be for; `undefined` where no tokens are taken. */
  readonly tokenResource: string | undefined
  readonly authenticator: Authenticator
  readonly limiter: RateLimiter
  readonly records: LoginRecords
  readonly keyring: Keyring
}

/** What came of a code or token: who is signed in now, or why nobody is. */
export type SignInOutcome =
  | { readonly outcome: 'signed-in'; readonly reference: SignInReference }
  | { readonly outcome: 'refused'; readonly reason: LoginFailure; readonly secondsLeft?: number }

const attemptsPerSession = { name: 'login-attempt', limit: 10, seconds: 300 }
const mostRaces = 8

type Authenticated = StoredLogin & { readonly transaction: Phase<'authenticated'> }

/** The sign-in from the side of the session that started it: a code or a token makes it signed in, `signOut` ends that everywhere at once. */
export class SessionSignIn {
  readonly #ports: SessionSignInPorts

  constructor(ports: SessionSignInPorts) {
    this.#ports = ports
  }

  /** Uses a one-time code up. It counts only in the session that started the sign-in that it belongs to. Throws `UpstreamError`. */
  async useCode(session: LoginSession, text: string): Promise<SignInOutcome> {
    const limited = await this.#limited(session)
    if (limited !== undefined) return limited
    const code = parseOneTimeCode(text)
    const waiting = (await this.#ports.logins.ofStarter(session.key)).filter(isAuthenticated)
    if (waiting.length === 0) return this.#refuse(session, session.key, 'ERR_LOGIN_UNKNOWN')
    const counted = await Promise.all(waiting.map((login) => this.#count(login)))
    const tried = counted.filter((login) => login !== undefined)
    const match = tried.find(({ transaction }) => code !== undefined && equal(transaction.code, code))
    if (match !== undefined) return this.#complete(session, match)
    for (const login of tried) {
      if (isExhausted(login.transaction))
        await this.#ports.logins.advance(login, endLogin(login.transaction, 'exhausted'))
    }
    const newest = waiting[0]?.transaction.id ?? session.key
    const seen = tried.length > 0 ? tried : waiting
    if (seen.every(({ transaction }) => isExhausted(transaction))) {
      return this.#refuse(session, newest, 'ERR_LOGIN_EXHAUSTED')
    }
    // Where nothing was left to try, another call has just used the code, or the last attempt.
    return this.#refuse(session, newest, tried.length > 0 ? 'ERR_LOGIN_CODE' : 'ERR_LOGIN_REPLAYED')
  }

  /**
   * Signs in with a token that was obtained elsewhere: an access token for this server, or an ID token with the nonce of a
   * sign-in that this session started. The sign-in ends with the token. Throws `UpstreamError`.
   */
  async useToken(session: LoginSession, token: string): Promise<SignInOutcome> {
    const { tokenResource } = this.#ports
    if (tokenResource === undefined) return this.#refuse(session, session.key, 'ERR_LOGIN_TOKEN')
    const limited = await this.#limited(session)
    if (limited !== undefined) return limited
    const identity = await this.#identityIn(session, token, tokenResource)
    if (identity === undefined) return this.#refuse(session, session.key, 'ERR_LOGIN_TOKEN')
    return this.#bound(session, identity, randomText())
  }

  /** Makes this session signed in as `identity`, in place of whoever was. `id` joins the rows on record. */
  async signIn(session: LoginSession, identity: NewIdentity, id: string): Promise<SignInReference | undefined> {
    const { clientId, records, signIns } = this.#ports
    const secret = randomText()
    const reference = { tenant: identity.tenant, key: this.keyOf(secret) }
    const requestId = records.referenceOf(id)
    const { clientName } = session.requester
    await signIns.open({
      key: reference.key,
      application: clientId,
      clientName,
      identity,
      requestId,
      origin: session.origin,
    })
    const bound = await this.#rebind(session, reference, secret).catch(async (error: unknown) => {
      await signIns.end(reference, 'terminated', session.origin)
      throw error
    })
    if (!bound) await signIns.end(reference, 'terminated', session.origin)
    return bound ? reference : undefined
  }

  /** How far the sign-in is that this session started last: `none` where there was none lately. Throws `UpstreamError`. */
  async progress(session: LoginSession): Promise<'none' | 'pending' | LoginEnd> {
    const [newest] = await this.#ports.logins.ofStarter(session.key)
    if (newest === undefined) return 'none'
    return newest.transaction.phase === 'ended' ? newest.transaction.how : 'pending'
  }

  /**
   * Ends the sign-in of this session on every replica at once, and whatever the session had started. Each of it is tried
   * whatever fails; throws `UpstreamError` afterwards for what did.
   */
  async signOut(session: LoginSession, how: SignInEnd): Promise<void> {
    const { signIn } = session
    const steps = await Promise.allSettled([
      signIn === undefined ? false : this.#ports.signIns.end(signIn, how, session.origin),
      this.#callOff(session),
      session.bind(undefined, undefined),
    ])
    const failure = steps.find((step) => step.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  async #callOff({ key }: LoginSession): Promise<void> {
    const { logins } = this.#ports
    for (const login of await logins.ofStarter(key)) {
      if (isOpen(login)) await logins.advance(login, endLogin(login.transaction, 'logged-out'))
    }
  }

  /** The key of a sign-in, from its own id. */
  keyOf(secret: string): string {
    return this.#ports.keyring.digest('sign-in', secret)
  }

  /** The sign-in before ends first: a session that is told of a failure is not bound to a new one all the same. */
  async #rebind(session: LoginSession, reference: SignInReference, secret: string): Promise<boolean> {
    if (session.signIn !== undefined) await this.#ports.signIns.end(session.signIn, 'replaced', session.origin)
    return session.bind(reference, secret)
  }

  async #limited(session: LoginSession): Promise<SignInOutcome | undefined> {
    const admission = await this.#ports.limiter.take([{ limit: attemptsPerSession, key: session.key }])
    if (admission.admitted) return undefined
    this.#ports.records.failed(session.key, 'ERR_LOGIN_LIMITED', session.origin)
    return { outcome: 'refused', reason: 'ERR_LOGIN_LIMITED', secondsLeft: admission.secondsLeft }
  }

  /** The transaction with one more attempt on it; `undefined` when there is none left, or it is over. */
  async #count(login: Authenticated): Promise<Authenticated | undefined> {
    let current: Authenticated | undefined = login
    for (let race = 0; race < mostRaces && current !== undefined && !isExhausted(current.transaction); race += 1) {
      const transaction = countAttempt(current.transaction)
      if (await this.#ports.logins.advance(current, transaction)) {
        return { ...current, version: current.version + 1, transaction }
      }
      current = await this.#again(current)
    }
    return undefined
  }

  async #again({ key }: Authenticated): Promise<Authenticated | undefined> {
    const login = await this.#ports.logins.find(key)
    return login !== undefined && isAuthenticated(login) ? login : undefined
  }

  async #complete(session: LoginSession, login: Authenticated): Promise<SignInOutcome> {
    const { transaction } = login
    const ended = endLogin(transaction, 'completed')
    if (!(await this.#ports.logins.advance(login, ended))) {
      return this.#refuse(session, transaction.id, 'ERR_LOGIN_REPLAYED')
    }
    const taken = { ...login, version: login.version + 1, transaction: ended }
    try {
      const outcome = await this.#bound(session, transaction.identity, transaction.id)
      if (outcome.outcome === 'refused' || (await this.#ports.logins.advance(taken, ended))) return outcome
    } catch (error) {
      // Nobody is signed in: whoever has the code may try it again.
      await this.#ports.logins.advance(taken, transaction).catch(() => false)
      throw error
    }
    // The session was signed out meanwhile.
    await this.signOut(session, 'logged_out')
    return this.#refuse(session, transaction.id, 'ERR_LOGIN_REPLAYED')
  }

  async #bound(session: LoginSession, identity: NewIdentity, id: string): Promise<SignInOutcome> {
    const reference = await this.signIn(session, identity, id)
    return reference === undefined
      ? this.#refuse(session, id, 'ERR_LOGIN_UNKNOWN')
      : { outcome: 'signed-in', reference }
  }

  async #identityIn(session: LoginSession, token: string, resource: string): Promise<SignInIdentity | undefined> {
    const { authenticator } = this.#ports
    try {
      const verified = await this.#ports.tokens.verify(token, resource)
      authenticator.refuseDevelopmentToken(verified)
      const { tenant } = await authenticator.enter(verified)
      return { ...identityOf(verified), tenant }
    } catch (error) {
      if (error instanceof PermissionDeniedError) return undefined
      if (!(error instanceof AuthenticationError)) throw error
      return this.#identityInIdToken(session, token)
    }
  }

  async #identityInIdToken(session: LoginSession, token: string): Promise<SignInIdentity | undefined> {
    const { authenticator, logins, provider } = this.#ports
    for (const login of await logins.ofStarter(session.key)) {
      const { transaction } = login
      if (transaction.phase === 'started' || transaction.phase === 'ended') continue
      try {
        const found = await provider.verifyIdToken(token, transaction.secrets.nonce)
        const { tenant } = await authenticator.enter(found)
        // The nonce is used up with it.
        if (!(await logins.advance(login, endLogin(transaction, 'completed')))) return undefined
        return signInIdentityOf(found, tenant)
      } catch (error) {
        if (error instanceof AuthenticationError || error instanceof PermissionDeniedError) continue
        throw error
      }
    }
    return undefined
  }

  #refuse(session: LoginSession, id: string, reason: LoginFailure): SignInOutcome {
    this.#ports.records.failed(id, reason, session.origin)
    return { outcome: 'refused', reason }
  }
}

/** A token says what it is good for, and is good for no more here than as a bearer. */
function identityOf(verified: VerifiedToken): Omit<SignInIdentity, 'tenant'> {
  const { issuer, subject, clientId, asserted, grantDigest, expiresAt } = verified
  return {
    issuer,
    subject,
    clientId,
    asserted: { ...asserted, scopes: asserted.scopes ?? [] },
    grantDigest,
    endsAt: expiresAt,
  }
}

/** Also one whose code was used just now: what comes of that must not outlast a sign-out. */
function isOpen({ transaction }: StoredLogin): boolean {
  return transaction.phase !== 'ended' || transaction.how === 'completed'
}

function isAuthenticated(login: StoredLogin): login is Authenticated {
  return login.transaction.phase === 'authenticated'
}

function equal(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right))
}
