import { createHash, randomBytes } from 'node:crypto'
import type { AuditLog } from '../../src/core/audit/audit-log.js'
import { AuthenticationError } from '../../src/core/error/authentication-error.js'
import { UpstreamError } from '../../src/core/error/upstream-error.js'
import type { Caller } from '../../src/core/identity/caller.js'
import type { Clock } from '../../src/core/runtime/clock.js'
import type {
  AuthorizationStart,
  IdentityProvider,
  ProviderIdentity,
} from '../../src/core/sign-in/identity-provider.js'
import type { FoundLogin, LoginStore, NewLogin, StoredLogin } from '../../src/core/sign-in/login-store.js'
import type { LoginSession } from '../../src/core/sign-in/login-session.js'
import type {
  AuthorizationSecrets,
  LoginRequester,
  LoginTransaction,
} from '../../src/core/sign-in/login-transaction.js'
import type {
  NewSignIn,
  SignIn,
  SignInEnd,
  SignInReference,
  SignInStore,
} from '../../src/core/sign-in/sign-in-store.js'
import type { UpstreamGrant } from '../../src/core/sign-in/upstream-grant.js'

interface LoginRow {
  readonly login: NewLogin
  readonly sequence: number
  version: number
  transaction: LoginTransaction
  expiresAt: number
}

const mostPerStarter = 3

/** Fails the methods named in `refused`, as a database does that is out of reach; every answer takes a turn, so that callers race. */
abstract class Failing<Method extends string> {
  readonly #refused = new Set<Method>()

  /** These methods fail from now on. */
  refuse(...methods: readonly Method[]): void {
    for (const method of methods) this.#refused.add(method)
  }

  /** Everything answers again. */
  recover(): void {
    this.#refused.clear()
  }

  protected async reach(method: Method): Promise<void> {
    await new Promise(setImmediate)
    if (this.#refused.has(method)) throw new UpstreamError('AUTH_UNAVAILABLE', `${method}: no answer`)
  }
}

/** Login transactions under compare-and-swap, expiring by `clock`. */
export class MemoryLoginStore extends Failing<keyof LoginStore> implements LoginStore {
  readonly #clock: Clock
  readonly #rows: LoginRow[] = []

  constructor(clock: Clock) {
    super()
    this.#clock = clock
  }

  /** How many steps were taken, over all transactions. */
  get steps(): number {
    return this.#rows.reduce((sum, { version }) => sum + version, 0)
  }

  /** The transactions that have not expired, the newest first. */
  get transactions(): readonly LoginTransaction[] {
    return this.#live().map(({ transaction }) => transaction)
  }

  async now(): Promise<number> {
    await this.reach('now')
    return this.#seconds()
  }

  async create(login: NewLogin): Promise<void> {
    await this.reach('create')
    const { transaction } = login
    const sequence = this.#rows.length
    this.#rows.push({ login, sequence, version: 0, transaction, expiresAt: this.#seconds() + login.expiresIn })
    for (const row of this.#of(transaction.starter).slice(mostPerStarter)) row.expiresAt = 0
  }

  async find(key: string): Promise<FoundLogin | undefined> {
    await this.reach('find')
    const row = this.#live().find(({ login }) => login.key === key || login.ticketKey === key)
    return row && { ...storedOf(row), byTicket: row.login.ticketKey === key }
  }

  async findByState(stateKey: string): Promise<StoredLogin | undefined> {
    await this.reach('findByState')
    const row = this.#live().find(({ login }) => login.stateKey === stateKey)
    return row && storedOf(row)
  }

  async ofStarter(starter: string): Promise<readonly StoredLogin[]> {
    await this.reach('ofStarter')
    return this.#of(starter).map(storedOf)
  }

  async advance(login: StoredLogin, next: LoginTransaction, expiresIn?: number): Promise<boolean> {
    await this.reach('advance')
    const row = this.#live().find(({ login: { key }, version }) => key === login.key && version === login.version)
    if (row === undefined) return false
    row.transaction = structuredClone(next)
    row.version += 1
    if (expiresIn !== undefined) row.expiresAt = this.#seconds() + expiresIn
    return true
  }

  #live(): readonly LoginRow[] {
    const now = this.#seconds()
    return this.#rows.filter(({ expiresAt }) => expiresAt > now).toSorted((one, two) => two.sequence - one.sequence)
  }

  #of(starter: string): readonly LoginRow[] {
    return this.#live().filter(({ transaction }) => transaction.starter === starter)
  }

  #seconds(): number {
    return Math.floor(this.#clock.now() / 1000)
  }
}

function storedOf({ login, version, transaction }: LoginRow): StoredLogin {
  return { key: login.key, version, transaction: structuredClone(transaction) }
}

interface SignInRow {
  readonly signIn: SignIn
  usedAt: number
}

const idleSeconds = 30 * 60
const absoluteSeconds = 12 * 60 * 60
const mostPerAccount = 20

/** Sign-ins with idle and absolute expiry by `clock`, with their rows on record. */
export class MemorySignInStore extends Failing<keyof SignInStore> implements SignInStore {
  readonly #clock: Clock
  readonly #audit: AuditLog
  /** What providers gave to be asked again with, by the key of the sign-in. */
  readonly upstream = new Map<string, UpstreamGrant>()
  #rows: readonly SignInRow[] = []

  constructor(clock: Clock, audit: AuditLog) {
    super()
    this.#clock = clock
    this.#audit = audit
  }

  /** Those that stand, the oldest first. */
  get standing(): readonly SignIn[] {
    return this.#live().map(({ signIn }) => signIn)
  }

  async open({ key, application, identity: { upstream, ...identity }, requestId }: NewSignIn): Promise<void> {
    await this.reach('open')
    const { tenant, issuer, subject, clientId } = identity
    if (upstream !== undefined) this.upstream.set(key, upstream)
    const now = this.#seconds()
    await this.#audit.record({ type: 'signin.completed', tenant, issuer, subject, clientId, requestId })
    const expiresAt = Math.min(now + absoluteSeconds, identity.endsAt ?? Number.POSITIVE_INFINITY)
    const signIn: SignIn = { ...identity, key, application, startedAt: now, expiresAt, refreshDue: false }
    this.#rows = [...this.#rows, { signIn, usedAt: now }]
    const ofAccount = this.standing.filter((one) => one.issuer === issuer && one.subject === subject)
    for (const oldest of ofAccount.slice(0, -mostPerAccount)) await this.#remove(oldest, 'evicted')
  }

  async find({ tenant, key }: SignInReference, used: 'used' | 'unused'): Promise<SignIn | undefined> {
    await this.reach('find')
    const row = this.#live().find(({ signIn }) => signIn.key === key && signIn.tenant.id === tenant.id)
    if (row !== undefined && used === 'used') row.usedAt = this.#seconds()
    return row?.signIn
  }

  async end({ tenant, key }: SignInReference, how: SignInEnd): Promise<boolean> {
    await this.reach('end')
    const found = this.standing.find((signIn) => signIn.key === key && signIn.tenant.id === tenant.id)
    if (found !== undefined) await this.#remove(found, how)
    return found !== undefined
  }

  async #remove(signIn: SignIn, how: SignInEnd): Promise<void> {
    this.#rows = this.#rows.filter((row) => row.signIn !== signIn)
    const { tenant, issuer, subject, clientId, key } = signIn
    await this.#audit.record({ type: 'session.ended', tenant, issuer, subject, clientId, requestId: key, reason: how })
  }

  #live(): readonly SignInRow[] {
    const now = this.#seconds()
    return this.#rows.filter(({ signIn, usedAt }) => signIn.expiresAt > now && usedAt + idleSeconds > now)
  }

  #seconds(): number {
    return Math.floor(this.#clock.now() / 1000)
  }
}

/** A client's session. `gone` makes binding fail as for one that has ended. */
export class MemoryLoginSession implements LoginSession {
  readonly key: string
  readonly requester: LoginRequester
  signIn: SignInReference | undefined
  caller: Caller | undefined
  gone = false
  /** Whether binding finds no database. */
  down = false
  /** What it was bound to, in order. */
  readonly bindings: { readonly signIn: SignInReference | undefined; readonly secret: string | undefined }[] = []

  constructor(key: string, requester: Partial<LoginRequester> = {}) {
    this.key = key
    this.requester = {
      ...{ clientName: 'Claude Desktop', clientVersion: '1.2', address: '127.0.0.1', transport: 'http' },
      ...requester,
    }
  }

  async bind(signIn: SignInReference | undefined, secret: string | undefined): Promise<boolean> {
    await new Promise(setImmediate)
    if (this.down) throw new UpstreamError('AUTH_UNAVAILABLE', 'bind: no answer')
    if (this.gone) return false
    this.signIn = signIn
    this.bindings.push({ signIn, secret })
    return true
  }
}

interface Authorization {
  readonly challenge: string
  readonly identity: ProviderIdentity
}

/**
 * A provider that vouches for whoever `approve` names. It takes a code any number of times: whoever relies on it has to see
 * to single use itself (RFC 9700 §4.5).
 */
export class MemoryIdentityProvider
  extends Failing<'authorizationUrl' | 'exchange' | 'verifyIdToken'>
  implements IdentityProvider
{
  readonly #redirectUri: string
  readonly #codes = new Map<string, Authorization>()
  readonly #idTokens = new Map<string, { readonly nonce: string; readonly identity: ProviderIdentity }>()
  /** How many callbacks got as far as here. */
  exchanges = 0

  constructor(redirectUri: string) {
    super()
    this.#redirectUri = redirectUri
  }

  async authorizationUrl({ secrets, otherAccount }: AuthorizationStart): Promise<URL> {
    await this.reach('authorizationUrl')
    const url = new URL('https://idp.test/authorize')
    url.searchParams.set('redirect_uri', this.#redirectUri)
    url.searchParams.set('state', secrets.state)
    url.searchParams.set('nonce', secrets.nonce)
    url.searchParams.set('code_challenge', challengeOf(secrets.codeVerifier))
    if (otherAccount) url.searchParams.set('prompt', 'login')
    return url
  }

  /** Somebody signs in at the address that `authorizationUrl` gave. Answers with where the provider sends the browser then. */
  approve(authorization: URL, subject: string, changed: Partial<ProviderIdentity> = {}): URL {
    const parameter = (name: string): string => authorization.searchParams.get(name) ?? ''
    const code = randomBytes(16).toString('base64url')
    const identity = { ...identityOf(subject), ...changed }
    this.#codes.set(code, { challenge: parameter('code_challenge'), identity })
    const url = new URL(parameter('redirect_uri'))
    url.searchParams.set('code', code)
    url.searchParams.set('state', parameter('state'))
    return url
  }

  /** Somebody presses Cancel there, or the provider has another `error` to tell. */
  decline(authorization: URL, error = 'access_denied', description = 'no'): URL {
    const url = new URL(authorization.searchParams.get('redirect_uri') ?? '')
    url.searchParams.set('error', error)
    url.searchParams.set('error_description', description)
    url.searchParams.set('state', authorization.searchParams.get('state') ?? '')
    return url
  }

  /** An ID token for `subject` with this nonce, as text. */
  issueIdToken(subject: string, nonce: string, changed: Partial<ProviderIdentity> = {}): string {
    const token = `id-token.${randomBytes(16).toString('base64url')}`
    this.#idTokens.set(token, { nonce, identity: { ...identityOf(subject), scopes: [], ...changed } })
    return token
  }

  async exchange(parameters: URLSearchParams, secrets: AuthorizationSecrets): Promise<ProviderIdentity> {
    this.exchanges += 1
    await this.reach('exchange')
    const authorization = this.#codes.get(parameters.get('code') ?? '')
    if (parameters.get('state') !== secrets.state) throw doesNotHold()
    if (parameters.get('error') === 'access_denied') throw new AuthenticationError('ERR_LOGIN_DENIED', 'no')
    if (authorization === undefined) throw doesNotHold()
    if (authorization.challenge !== challengeOf(secrets.codeVerifier)) throw doesNotHold()
    return authorization.identity
  }

  async verifyIdToken(token: string, nonce: string): Promise<ProviderIdentity> {
    await this.reach('verifyIdToken')
    const issued = this.#idTokens.get(token)
    if (issued === undefined || issued.nonce !== nonce) throw doesNotHold()
    return issued.identity
  }
}

function identityOf(subject: string): ProviderIdentity {
  return {
    issuer: 'https://issuer.test',
    subject,
    clientId: 'app',
    tenantClaim: 'acme',
    scopes: ['read'],
    grantDigest: `grant-of-${subject}`,
    expiresAt: undefined,
  }
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

function doesNotHold(): AuthenticationError {
  return new AuthenticationError('ERR_LOGIN_PROVIDER', 'the answer of the provider does not hold')
}
