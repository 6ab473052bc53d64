import { createServer, type Server, type ServerResponse } from 'node:http'
import { parsePublicUrl } from '../../src/adapter/issuer/http/public-url.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import type { AdmittedTenants } from '../../src/core/identity/application.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { Authenticator } from '../../src/core/operation/authenticator.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { LoginFlow } from '../../src/core/sign-in/login-flow.js'
import { LoginKeys } from '../../src/core/sign-in/login-keys.js'
import { LoginRecords } from '../../src/core/sign-in/login-records.js'
import { SessionSignIn } from '../../src/core/sign-in/session-sign-in.js'
import { createLoginPages, type LoginPages } from '../../src/service/sign-in/http/create-login-pages.js'
import type { BrowserJar, Shown } from './browser-jar.js'
import { ManualClock } from './manual-clock.js'
import { MemoryAuditLog, MemoryLog, MemoryRateLimiter } from './memory-ports.js'
import { MemoryIdentityProvider, MemoryLoginSession, MemoryLoginStore, MemorySignInStore } from './memory-sign-in.js'
import { standingOf } from './standings.js'

export interface LoginHarnessOptions {
  readonly serverName?: string
  /** What browsers call the server, where that is not its own socket. */
  readonly publicOrigin?: string
}

/** One answer as it left the server. */
export interface SentAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

const promised: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** What is wrong with an answer, whatever it says: headers that are not as promised, script or style in its markup. */
export function faultsOf({ status, headers, body }: SentAnswer): readonly string[] {
  const wrong = Object.keys(promised).filter((name) => headers[name] !== promised[name])
  const active = /<script|<style|<iframe|<img|<[^>]*\s(style|on\w+)=|<[^>]*javascript:/i.exec(body)
  return [...wrong, ...(active === null ? [] : [active[0]])].map((fault) => `${status}: ${fault}`)
}

/** Everything that a sign-in went through, for the record of it. */
export interface Started {
  readonly session: MemoryLoginSession
  readonly id: string
  readonly ticket: string | undefined
  readonly number: string
  readonly url: string
}

export const acme: Tenant = { id: '6f1f8c1e-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme Corp' }

/** The pages of signing in with the five tools on a real socket, with the real flow behind them, over ports in memory. */
export class LoginHarness {
  readonly clock = new ManualClock()
  readonly audit = new MemoryAuditLog()
  readonly log = new MemoryLog()
  readonly keyring = MasterKey.generate()
  readonly logins = new MemoryLoginStore(this.clock)
  readonly signIns = new MemorySignInStore(this.clock, this.audit)
  readonly records = new LoginRecords(this.audit, this.keyring, 'app')
  readonly answers: SentAnswer[] = []
  readonly disabled = new Set<string>()
  readonly provider: MemoryIdentityProvider
  readonly sessions: SessionSignIn
  readonly flow: LoginFlow
  readonly origin: string
  readonly publicOrigin: string
  /** Whom the application admits. */
  admits: AdmittedTenants = 'own'
  /** Makes the next look at the flow fail as a fault of our own does. */
  broken = false
  readonly #server: Server
  readonly #pages: LoginPages
  #sessionsMade = 0

  private constructor(server: Server, port: number, options: LoginHarnessOptions) {
    this.#server = server
    this.origin = `http://127.0.0.1:${port}`
    this.publicOrigin = options.publicOrigin ?? this.origin
    this.provider = new MemoryIdentityProvider(`${this.publicOrigin}/authsec/login/callback`)
    const { logins, signIns, provider, records, keyring } = this
    const authenticator = this.#authenticator()
    const limiter = new MemoryRateLimiter(this.clock)
    const keys = new LoginKeys(keyring, 'app')
    const common = { keys, logins, provider, authenticator, limiter, records, keyring }
    this.sessions = new SessionSignIn({
      ...{ ...common, clientId: 'app', signIns, tokenResource: undefined },
      tokens: { verify: () => Promise.reject(new TypeError('no tokens here')) },
    })
    this.flow = new LoginFlow({ ...common, sessions: this.sessions })
    this.#pages = createLoginPages({
      publicUrl: parsePublicUrl(`${this.publicOrigin}/oauth`),
      flow: this.#breakable(),
      serverName: options.serverName ?? 'Invoices',
      ...{ keyring, clock: this.clock, log: this.log },
    })
  }

  static async start(options: LoginHarnessOptions = {}): Promise<LoginHarness> {
    let harness: LoginHarness | undefined
    const server = createServer((request, response) => {
      harness?.watch(response)
      void harness?.pages.handle(request, response).then((handled) => {
        if (!handled) response.writeHead(404).end('somebody else’s')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    harness = new LoginHarness(server, address.port, options)
    return harness
  }

  get pages(): LoginPages {
    return this.#pages
  }

  /** Reasons on record, in order. */
  get reasons(): readonly (string | undefined)[] {
    return this.audit.ofType('signin.failed').map(({ reason }) => reason)
  }

  /** Keeps what `response` sends. */
  watch(response: ServerResponse): void {
    const end = response.end.bind(response)
    response.end = ((...parts: Parameters<typeof end>) => {
      const [body] = parts as readonly unknown[]
      const text = typeof body === 'string' ? body : ''
      this.answers.push({ status: response.statusCode, headers: { ...response.getHeaders() }, body: text })
      return end(...parts)
    }) as typeof response.end
  }

  /** `oauth_start` in a session of its own, or in the one given. */
  async begin(session: MemoryLoginSession = this.session(), direct = false): Promise<Started> {
    const started = await this.flow.start(session, direct)
    if (started.outcome === 'limited') throw new TypeError('limited')
    const { id, ticket, number } = started
    return { session, id, ticket, number, url: this.pageOf(id) }
  }

  session(requester: ConstructorParameters<typeof MemoryLoginSession>[1] = {}): MemoryLoginSession {
    this.#sessionsMade += 1
    return new MemoryLoginSession(`session-${this.#sessionsMade}`, { address: '203.0.113.7', ...requester })
  }

  pageOf(id: string): string {
    return `${this.origin}/authsec/login/${id}`
  }

  /** Opens the page and confirms. Answers with where the provider is. */
  async confirm(jar: BrowserJar, { url }: Pick<Started, 'url'>, action = 'confirm'): Promise<URL> {
    const { left, html } = await jar.press(await jar.open(url), action)
    if (left === undefined) throw new Error(`did not leave: ${html}`)
    return left
  }

  /** The whole way to the page with the code. */
  async complete(jar: BrowserJar, started: Started, subject = 'ana'): Promise<Shown> {
    return jar.open(this.provider.approve(await this.confirm(jar, started), subject))
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #breakable(): Pick<LoginFlow, 'view' | 'confirm' | 'deny' | 'comeBack' | 'forged' | 'strayed'> {
    const { flow } = this
    return {
      view: async (id, browser) => {
        if (this.broken) throw new TypeError(`cannot read ${id}`)
        return flow.view(id, browser)
      },
      confirm: (id, visit, otherAccount) => flow.confirm(id, visit, otherAccount),
      deny: (id, visit) => flow.deny(id, visit),
      comeBack: (parameters, visit) => flow.comeBack(parameters, visit),
      forged: (id, visit) => flow.forged(id, visit),
      strayed: (id, visit) => flow.strayed(id, visit),
    }
  }

  #authenticator(): Authenticator {
    const people = new Map([
      ['ana', grantsOf({ scopes: ['read'] })],
      ['mallory', grantsOf({})],
    ])
    return new Authenticator({
      clientId: 'app',
      applications: { find: async (clientId) => ({ clientId, name: 'Invoices', tenant: acme, admits: this.admits }) },
      developmentTokens: 'refuse',
      tokens: { verify: () => Promise.reject(new TypeError('no tokens here')) },
      tenants: {
        find: async (_issuer, claim) => (claim === 'acme' ? acme : undefined),
        findBySlug: async (slug) => (slug === 'acme' ? acme : undefined),
        list: async () => [acme],
      },
      grants: {
        findStanding: async (_tenant, _issuer, subject) => {
          const grants = people.get(subject)
          const disabled = this.disabled.has(subject)
          return standingOf(grants && { id: subject, email: `${subject}@acme.test`, name: subject, disabled, grants })
        },
      },
      logouts: { isOver: async () => false },
      registry: { isActive: async () => true },
      signIns: this.signIns,
    })
  }
}
