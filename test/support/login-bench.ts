import { MasterKey } from '../../src/core/credential/master-key.js'
import { AuthenticationError } from '../../src/core/error/authentication-error.js'
import { UpstreamError } from '../../src/core/error/upstream-error.js'
import type { AdmittedTenants } from '../../src/core/identity/application.js'
import type { VerifiedToken } from '../../src/core/identity/verified-token.js'
import { Authenticator } from '../../src/core/operation/authenticator.js'
import type { StoredAccount } from '../../src/core/permission/standing.js'
import { grantsOf, type Grants } from '../../src/core/permission/grants.js'
import type { ProviderIdentity } from '../../src/core/sign-in/identity-provider.js'
import {
  LoginFlow,
  type BrowserVisit,
  type LoginFlowPorts,
  type LoginStep,
  type StartedLogin,
} from '../../src/core/sign-in/login-flow.js'
import { LoginKeys } from '../../src/core/sign-in/login-keys.js'
import { LoginRecords } from '../../src/core/sign-in/login-records.js'
import { SessionSignIn } from '../../src/core/sign-in/session-sign-in.js'
import { acme, globex, sampleApplication } from './core-samples.js'
import { ManualClock } from './manual-clock.js'
import { MemoryAuditLog } from './memory-audit-log.js'
import { MemoryRateLimiter } from './memory-ports.js'
import { MemoryIdentityProvider, MemoryLoginSession, MemoryLoginStore, MemorySignInStore } from './memory-sign-in.js'
import { standingOf } from './standings.js'

export const publicUrl = 'http://127.0.0.1:3005'
export const issuer = 'https://issuer.test'
export const resource = `${publicUrl}/mcp`

type Started = Extract<StartedLogin, { readonly outcome: 'started' }>

/** What the authenticator asks of others, besides sign-ins. */
export type AuthenticatorPort = 'applications' | 'tenants' | 'accounts' | 'grants'

/** The whole sign-in with the five tools over memory, at a time that stands still. */
export class LoginBench {
  readonly clock = new ManualClock()
  readonly audit = new MemoryAuditLog()
  readonly logins = new MemoryLoginStore(this.clock)
  readonly signIns = new MemorySignInStore(this.clock, this.audit)
  readonly provider = new MemoryIdentityProvider(`${publicUrl}/authsec/login/callback`)
  readonly limiter = new MemoryRateLimiter(this.clock)
  readonly authenticator: Authenticator
  readonly sessions: SessionSignIn
  /** What the flow stands on, for another process that shares it. */
  readonly ports: LoginFlowPorts
  readonly flow: LoginFlow
  readonly browser: BrowserVisit = { browser: 'cookie-of-ada', address: '192.0.2.1' }
  admits: AdmittedTenants = 'own'
  /** Ports of the authenticator that do not answer. */
  readonly down = new Set<AuthenticatorPort>()
  /** Grants that were revoked. */
  readonly revoked = new Set<string>()
  readonly #accounts = new Map<string, StoredAccount>()

  constructor(options: { readonly tokenResource?: string } = {}) {
    this.account('ada', { roles: ['admin'], scopes: ['read', 'write'] })
    const { audit, limiter, logins, provider, signIns } = this
    const clientId = 'app'
    const keyring = MasterKey.generate()
    const records = new LoginRecords(audit, keyring, clientId)
    const tokens = { verify: async (token: string, aud: string) => this.#verify(token, aud) }
    const authenticator = this.#authenticate(clientId, tokens)
    const { tokenResource } = options
    const keys = new LoginKeys(keyring, clientId)
    const common = { authenticator, keys, limiter, logins, keyring, provider, records }
    this.authenticator = authenticator
    this.sessions = new SessionSignIn({ ...common, clientId, signIns, tokens, tokenResource })
    this.ports = { ...common, sessions: this.sessions }
    this.flow = new LoginFlow(this.ports)
  }

  /** Sets an account of Acme. */
  account(id: string, grants: Partial<Grants>, changes: Partial<StoredAccount> = {}): void {
    const account = { id, email: `${id}@acme.example`, name: id, disabled: false, grants: grantsOf(grants) }
    this.#accounts.set(id, { ...account, ...changes })
  }

  session(key = 'session-a', transport: 'http' | 'stdio' = 'http'): MemoryLoginSession {
    return new MemoryLoginSession(key, { transport, ...(transport === 'http' ? {} : { address: undefined }) })
  }

  /** `oauth_start`; throws `TypeError` where it is refused. */
  async start(session: MemoryLoginSession, way: 'link' | 'direct' = 'link'): Promise<Started> {
    const started = await this.flow.start(session, way === 'direct')
    if (started.outcome !== 'started') throw new TypeError('too many were started')
    return started
  }

  /** Confirms at an address and signs in at the provider; answers with where it sends the browser. */
  async signInAt(address: string, subject = 'ada', changed: Partial<ProviderIdentity> = {}): Promise<URL> {
    const step = await this.flow.confirm(address, this.browser, false)
    if (step.outcome !== 'next') throw new TypeError(`not confirmed: ${step.reason}`)
    return this.provider.approve(step.url, subject, changed)
  }

  /** The browser follows the provider's redirect. */
  async follow(callback: URL): Promise<LoginStep<{ readonly id: string }>> {
    return this.flow.comeBack(callback.searchParams, this.browser)
  }

  /** From `oauth_start` to the code on the page. */
  async codeFor(
    session: MemoryLoginSession,
    subject = 'ada',
    changed: Partial<ProviderIdentity> = {},
  ): Promise<string> {
    const { id } = await this.start(session)
    const step = await this.follow(await this.signInAt(id, subject, changed))
    if (step.outcome !== 'next') throw new TypeError(`not back: ${step.reason}`)
    const view = await this.flow.view(id, this.browser.browser)
    if (view.kind !== 'code') throw new TypeError(`the page shows ${view.kind}`)
    return view.code
  }

  /** The next request of a session: who it is from is found out anew. */
  async recognize(session: MemoryLoginSession): Promise<void> {
    const { signIn } = session
    session.caller = signIn === undefined ? undefined : await this.authenticator.recognize(signIn, 'used')
  }

  /** Why sign-ins failed, in order. */
  get failures(): readonly (string | undefined)[] {
    return this.audit.counted.filter(({ type }) => type === 'signin.failed').map(({ reason }) => reason)
  }

  /** Why sign-ins ended, in order. */
  get endings(): readonly (string | undefined)[] {
    return this.audit.rows.filter(({ type }) => type === 'session.ended').map(({ reason }) => reason)
  }

  #authenticate(clientId: string, tokens: { verify(token: string, aud: string): Promise<VerifiedToken> }) {
    return new Authenticator({
      clientId,
      tokens,
      signIns: this.signIns,
      developmentTokens: 'refuse',
      applications: {
        find: async () => this.#reach('applications', sampleApplication({ clientId, admits: this.admits })),
      },
      tenants: {
        find: async (by, claim) =>
          this.#reach(
            'tenants',
            [acme, globex].find(({ slug }) => by === issuer && slug === claim),
          ),
        findBySlug: async (claim) => [acme, globex].find(({ slug }) => slug === claim),
        list: async () => [acme, globex],
      },
      grants: {
        findStanding: async (tenant, by, subject) =>
          this.#reach(
            'accounts',
            standingOf(tenant.id === acme.id && by === issuer ? this.#accounts.get(subject) : undefined),
          ),
      },
      logouts: { isOver: async () => false },
      registry: { isActive: async (digest) => this.#reach('grants', !this.revoked.has(digest)) },
    })
  }

  async #reach<Value>(port: AuthenticatorPort, value: Value): Promise<Value> {
    await new Promise(setImmediate)
    if (this.down.has(port)) throw new UpstreamError('TENANT_UNAVAILABLE', `${port}: no answer`)
    return value
  }

  /** `ada` is an access token of Ada, `ada+expired`, `ada+elsewhere` and `ada+dev` are others of hers. */
  #verify(token: string, aud: string): VerifiedToken {
    const [subject = '', kind = ''] = token.split('+')
    if (kind === 'down') throw new UpstreamError('IDP_UNAVAILABLE', 'the keys are out of reach')
    if (kind === 'expired') throw new AuthenticationError('ERR_TOKEN_EXPIRED', 'expired')
    if (kind === 'elsewhere') throw new AuthenticationError('ERR_TOKEN_AUDIENCE', 'for another resource')
    if (!this.#accounts.has(subject)) throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'not ours')
    return {
      issuer,
      subject,
      clientId: 'a-client',
      resource: aud,
      tenantClaim: kind === 'globex' ? 'globex' : 'acme',
      email: undefined,
      name: undefined,
      asserted: kind === 'bare' ? {} : { roles: ['admin'], scopes: ['read'] },
      grantDigest: `token-grant-of-${subject}`,
      expiresAt: this.clock.seconds + 600,
      issuedAt: this.clock.seconds,
      methods: [kind === 'dev' ? 'dev' : 'pwd'],
    }
  }
}
