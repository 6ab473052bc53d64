import { createHash, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { createIssuer, type Issuer, type IssuerOptions } from '../../src/adapter/issuer/create-issuer.js'
import { PasswordHasher } from '../../src/adapter/issuer/password-hasher.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import type { Account } from '../../src/core/identity/account-store.js'
import type { AdmittedTenants, Application } from '../../src/core/identity/application.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { BackgroundWork } from '../../src/core/runtime/background-work.js'
import { systemClock, type Clock } from '../../src/core/runtime/clock.js'
import type { SessionNotice } from '../../src/core/runtime/session-feed.js'
import { BrowserJar, type Shown } from './browser-jar.js'
import { MemoryOwnedRecords } from './memory-owned-records.js'
import {
  MemoryAccountStore,
  MemoryApplicationStore,
  MemoryAuditLog,
  MemoryIssuerStorage,
  MemoryLog,
  MemoryRateLimiter,
  MemorySigningKeyStore,
  MemoryTenantRegistry,
} from './memory-ports.js'

export interface HarnessOptions {
  readonly admits?: AdmittedTenants
  readonly clock?: Clock
  readonly storageClock?: Clock
  /** The way to clients; there is none unless told. */
  readonly outgoing?: IssuerOptions['outgoing']
  /** Used instead of those in memory. */
  readonly ports?: Partial<Pick<IssuerOptions, 'federation' | 'keys' | 'owned' | 'storage'>>
}

/** This server as a client of its own. */
export const relyingPartySecret = 'a-secret-of-the-relying-party-0123456789'

export interface AuthorizeParameters {
  readonly client_id: string
  readonly redirect_uri: string
  readonly [name: string]: string | undefined
}

export interface TokenAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** A verifier and its S256 challenge (RFC 7636). */
export function pkcePair(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export const callbackUri = 'https://client.example/callback'
export const password = 'correct horse battery staple'

/** The authorization server on a real socket, over ports in memory, with two tenants and three accounts. */
export class IssuerHarness {
  readonly storage: MemoryIssuerStorage
  readonly accounts = new MemoryAccountStore()
  readonly applications = new MemoryApplicationStore()
  readonly keys = new MemorySigningKeyStore()
  readonly audit = new MemoryAuditLog()
  readonly log = new MemoryLog()
  readonly limiter: MemoryRateLimiter
  /** What the other processes were told. */
  readonly told: SessionNotice[] = []
  readonly keyring = MasterKey.generate()
  readonly background = new BackgroundWork(20)
  readonly origin: string
  readonly tenants: MemoryTenantRegistry
  readonly acme: Tenant
  readonly globex: Tenant
  readonly options: Omit<IssuerOptions, 'issuer'>
  /** Which requests of the relying party a user has asked for: all of them, unless a test says otherwise. */
  awaits: (state: string | undefined, browser: string | undefined) => boolean = () => true
  #server: Server
  #issuer: Issuer | undefined

  private constructor(server: Server, port: number, options: HarnessOptions) {
    this.#server = server
    this.origin = `http://127.0.0.1:${port}`
    this.storage = new MemoryIssuerStorage(options.storageClock)
    this.limiter = new MemoryRateLimiter(options.clock)
    this.tenants = new MemoryTenantRegistry(this.issuer)
    this.acme = this.tenants.add('acme', 'Acme Corp')
    this.globex = this.tenants.add('globex', 'Globex')
    const { acme: tenant } = this
    const application: Application = { clientId: 'app', name: 'Invoices', tenant, admits: options.admits ?? 'own' }
    this.options = {
      application,
      resources: ['/mcp', '/mcp/oauth'].map((path) => ({
        resource: this.origin + path,
        name: 'Invoices',
        scopes: ['read', 'write'],
      })),
      ...{
        owned: new MemoryOwnedRecords(this.storage),
        feed: { publish: async (notice) => this.told.push(notice) > 0 },
      },
      ...{ storage: this.storage, keys: this.keys, accounts: this.accounts, tenants: this.tenants },
      ...{ keyring: this.keyring, audit: this.audit, log: this.log, limiter: this.limiter },
      relyingParty: {
        ...{ clientId: 'app', clientSecret: relyingPartySecret, redirectUri: this.loginCallback },
        isAwaited: async (state, { browser }) => this.awaits(state, browser),
      },
      security: 'absent',
      hasher: new PasswordHasher({ cost: 14 }),
      clock: options.clock ?? systemClock,
      outgoing: options.outgoing,
      background: this.background,
      ...options.ports,
    }
  }

  static async start(options: HarnessOptions = {}): Promise<IssuerHarness> {
    let harness: IssuerHarness | undefined
    const server = createServer((request, response) => {
      void harness?.running.handle(request, response).then((handled) => {
        if (!handled) response.writeHead(404).end('not the issuer')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    harness = new IssuerHarness(server, address.port, options)
    await harness.applications.register(harness.options.application)
    await harness.restart()
    return harness
  }

  get issuer(): string {
    return `${this.origin}/oauth`
  }

  /** Where the relying party is answered. */
  get loginCallback(): string {
    return `${this.origin}/authsec/login/callback`
  }

  get resource(): string {
    return `${this.origin}/mcp/oauth`
  }

  get running(): Issuer {
    if (this.#issuer === undefined) throw new Error('not started')
    return this.#issuer
  }

  /** A new authorization server over the same databases, as after a restart. */
  async restart(): Promise<void> {
    const application = (await this.applications.find('app')) ?? this.options.application
    this.#issuer?.close()
    this.#issuer = await createIssuer({
      ...{ issuer: this.issuer, ...this.options, application },
      applications: this.applications,
    })
  }

  async close(): Promise<void> {
    this.#issuer?.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async addAccount(tenant: Tenant, email: string, scopes: readonly string[]): Promise<Account> {
    return this.accounts.create(tenant, {
      email,
      name: email.split('@')[0],
      passwordHash: await this.options.hasher.hash(password),
      grants: grantsOf({ roles: ['clerk'], groups: ['finance'], resources: ['ledger'], scopes }),
    })
  }

  async register(metadata: Readonly<Record<string, unknown>> = {}): Promise<TokenAnswer> {
    const response = await fetch(`${this.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'Test client', redirect_uris: [callbackUri], ...metadata }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  async registeredClient(metadata: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return String((await this.register(metadata)).body['client_id'])
  }

  authorizeUrl(parameters: AuthorizeParameters): URL {
    const url = new URL(`${this.issuer}/authorize`)
    const all = { response_type: 'code', state: 'st4te', resource: this.resource, ...parameters }
    for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value)
    return url
  }

  /** Opens the authorization URL and signs in; what is shown next is consent, or the way back to the client. */
  async signIn(jar: BrowserJar, url: URL, email: string): Promise<Shown> {
    const page = await jar.open(url)
    return jar.press(page, 'sign-in', { fields: { email, password } })
  }

  /** The whole way to a code. */
  async obtainCode(
    email: string,
    parameters: Readonly<Record<string, string>> & { readonly client_id: string },
  ): Promise<{ readonly code: string; readonly verifier: string; readonly jar: BrowserJar }> {
    const { verifier, challenge } = pkcePair()
    const jar = new BrowserJar()
    const url = this.authorizeUrl({
      redirect_uri: callbackUri,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...parameters,
    })
    const done = await jar.press(await this.signIn(jar, url, email), 'allow')
    const code = done.left?.searchParams.get('code')
    if (code === null || code === undefined) throw new Error(`no code: ${done.left?.href ?? done.html}`)
    return { code, verifier, jar }
  }

  /** A code and its exchange. */
  async obtainTokens(email: string, scope: string, clientId?: string): Promise<TokenAnswer & { clientId: string }> {
    const client_id = clientId ?? (await this.registeredClient())
    const { code, verifier } = await this.obtainCode(email, { client_id, scope })
    const answer = await this.exchange({ client_id, code, code_verifier: verifier })
    return { ...answer, clientId: client_id }
  }

  exchange(fields: Readonly<Record<string, string>>): Promise<TokenAnswer> {
    return this.token({ grant_type: 'authorization_code', redirect_uri: callbackUri, ...fields })
  }

  refresh(client_id: string, refreshToken: unknown, more: Readonly<Record<string, string>> = {}): Promise<TokenAnswer> {
    return this.token({ grant_type: 'refresh_token', client_id, refresh_token: String(refreshToken), ...more })
  }

  async token(fields: Readonly<Record<string, string>>, path = '/token'): Promise<TokenAnswer> {
    const response = await fetch(this.issuer + path, { method: 'POST', body: new URLSearchParams(fields) })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
  }
}
