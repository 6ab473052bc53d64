import { createServer, type Server } from 'node:http'
import { createIssuer, type Issuer } from '../../src/adapter/issuer/create-issuer.js'
import { PasswordHasher } from '../../src/adapter/issuer/password-hasher.js'
import type { Postgres, PostgresOptions } from '../../src/adapter/postgres/open-postgres.js'
import type { FederationParts } from '../../src/adapter/issuer/federation/open-federation.js'
import { ClosingStack } from '../../src/app/closing-stack.js'
import { accountSecurity } from '../../src/app/account-security.js'
import type { Data } from '../../src/app/open-data.js'
import { openFederation } from '../../src/app/federation/open-federation.js'
import type { AccessRule } from '../../src/core/administration/wish.js'
import type { UpstreamDirectory } from '../../src/core/federation/provider/upstream-directory.js'
import type { AdmittedTenants, Application } from '../../src/core/identity/application.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { noGrants } from '../../src/core/permission/grants.js'
import { BackgroundWork } from '../../src/core/runtime/background-work.js'
import { systemClock } from '../../src/core/runtime/clock.js'
import { silentTracer } from '../../src/core/runtime/tracer.js'
import { BrowserJar, type Shown } from './browser-jar.js'
import { callbackUri, password, pkcePair } from './issuer-harness.js'
import { MemoryLog } from './memory-ports.js'
import { openTestPostgres, type TestPostgres } from './postgres.js'

/** Nothing of it is closed before a process ends. */
const background = new BackgroundWork()

/** A provider that plays the browser's part of a sign-in there. */
interface SignInServer {
  readonly options: Readonly<Record<string, unknown>>
  signIn(url: URL): Promise<URL>
}

/** What came of a whole sign-in. */
export interface SignedIn {
  readonly subject: string
  readonly tenant: string
  readonly methods: unknown
}

/** What the token endpoint says. */
export type TokenBody = Readonly<Record<string, unknown>>

/** The claims of a token, unverified. */
export function claimsIn(token: unknown): Readonly<Record<string, unknown>> {
  return { ...Object(JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())) }
}

/** An authorization server on a socket and a real database, whose two tenants have providers of their own. */
export class FederationSite {
  readonly database: TestPostgres
  readonly log = new MemoryLog()
  readonly acme: Tenant
  readonly globex: Tenant
  readonly origin: string
  readonly hasher = new PasswordHasher({ cost: 14 })
  readonly #server: Server
  #postgres: Postgres
  /** By process, as it were; they answer in turn. */
  #issuers: Issuer[] = []
  #answered = 0
  #clientId = ''

  private constructor(database: TestPostgres, server: Server, [acme, globex]: readonly [Tenant, Tenant]) {
    this.database = database
    this.acme = acme
    this.globex = globex
    this.#server = server
    this.#postgres = database.postgres
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    this.origin = `http://127.0.0.1:${address.port}`
  }

  static async start(options: Partial<PostgresOptions> = {}): Promise<FederationSite> {
    const database = await openTestPostgres(options)
    const { provisioner } = database.postgres
    const tenants = [
      await provisioner.createTenant({ slug: 'acme', name: 'Acme Corp' }),
      await provisioner.createTenant({ slug: 'globex', name: 'Globex' }),
    ] as const
    let site: FederationSite | undefined
    const server = createServer((request, response) => {
      void site?.next.handle(request, response).then((handled) => {
        if (!handled) response.writeHead(404).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    site = new FederationSite(database, server, tenants)
    await site.admit('any')
    site.#clientId = await site.#register()
    return site
  }

  /** Whose turn it is. */
  get next(): Issuer {
    this.#answered += 1
    const issuer = this.#issuers[this.#answered % this.#issuers.length]
    if (issuer === undefined) throw new Error('not started')
    return issuer
  }

  get postgres(): Postgres {
    return this.#postgres
  }

  get issuer(): string {
    return `${this.origin}/oauth`
  }

  /** Where a provider sends browsers back to. */
  callbackOf(provider: string): string {
    return `${this.origin}/authsec/federation/callback/${provider}`
  }

  /** A further process, as it were, over the same databases. */
  async replicate(): Promise<void> {
    const [first] = this.#issuers
    await this.admit('any', await this.database.reopen())
    if (first !== undefined) this.#issuers.push(first)
  }

  /** Opens the authorization server, for users of these tenants. */
  async admit(admits: AdmittedTenants, postgres: Postgres = this.database.postgres): Promise<void> {
    this.#postgres = postgres
    const application: Application = { clientId: 'app', name: 'Invoices', tenant: this.acme, admits }
    await postgres.applications.register(application)
    const {
      accounts,
      applications,
      audit,
      directory,
      issuerStorage,
      keys,
      notices,
      rateLimiter,
      signingKeys,
      tenants,
    } = postgres
    const issuer = await createIssuer({
      ...{
        issuer: this.issuer,
        application,
        applications,
        accounts,
        audit,
        tenants,
        log: this.log,
        clock: systemClock,
      },
      resources: [{ resource: `${this.origin}/mcp/oauth`, name: 'Invoices', scopes: ['read'] }],
      ...{ storage: issuerStorage, keys: signingKeys, hasher: this.hasher, keyring: keys, relyingParty: undefined },
      security: accountSecurity(this.#data(), { issuer: this.issuer, log: this.log, reach: 'private', background }),
      ...{ limiter: rateLimiter, owned: directory.records, feed: notices },
      federation: this.#federation(),
    })
    for (const earlier of this.#issuers) earlier.close()
    this.#issuers = [issuer]
  }

  directory(): UpstreamDirectory {
    return this.#federation().providers
  }

  #data(): Data {
    const postgres = this.#postgres
    return { postgres, keyring: postgres.keys, close: () => postgres.close() }
  }

  #federation(): FederationParts {
    const base = { data: this.#data(), publicUrl: this.origin, stack: new ClosingStack(), tracer: silentTracer }
    return openFederation(base, { application: 'app', issuers: [], log: this.log, reach: 'private', background })
  }

  /** Puts a provider on the sign-in page of a tenant; answers with its id. */
  async offer(server: SignInServer, tenant = this.acme, name = 'Outside', application?: string): Promise<string> {
    const { kind: _kind, name: _name, clientSecret, ...options } = server.options
    const kind = server.options['kind'] === 'github' ? 'github' : 'oidc'
    const provider = {
      kind,
      name,
      options,
      clientSecret: String(clientSecret),
      application,
      position: undefined,
    } as const
    const store = this.database.postgres.federation.providers
    const { faults } = await store.apply({ presence: 'any', tenant, provider }, 'cli:ada')
    if (faults.length > 0) throw new Error(JSON.stringify(faults))
    const found = (await store.list([tenant.id])).find((known) => known.name === name)
    if (found === undefined) throw new Error('the provider is not there')
    return found.id
  }

  async withdraw(tenant: Tenant, name: string): Promise<void> {
    await this.database.postgres.federation.providers.apply({ presence: 'absent', tenant, name }, 'cli:ada')
  }

  async rule(tenant: Tenant, rule: Partial<AccessRule>): Promise<void> {
    await this.database.postgres.tenantAdministration.apply(tenant, [{ kind: 'access rule', rule }], 'cli:ada')
  }

  /** An account with a password; with an identity, it is linked. */
  async account(tenant: Tenant, email: string, identity?: { readonly issuer: string; readonly subject: string }) {
    const { accounts, tenantAdministration } = this.database.postgres
    const account = await accounts.create(tenant, {
      email,
      passwordHash: await this.hasher.hash(password),
      grants: noGrants,
    })
    const wish = { kind: 'account', email, presence: 'known' } as const
    if (identity !== undefined) await tenantAdministration.apply(tenant, [{ ...wish, identify: [identity] }], 'cli:ada')
    return account.id
  }

  async disable(tenant: Tenant, email: string, status: 'active' | 'disabled' = 'disabled'): Promise<void> {
    const wish = { kind: 'account', email, presence: 'known', status } as const
    await this.database.postgres.tenantAdministration.apply(tenant, [wish], 'cli:ada')
  }

  startUrl(parameters: Readonly<Record<string, string>> = {}): URL {
    const url = new URL(`${this.issuer}/authorize`)
    const all = {
      response_type: 'code',
      state: 'st4te',
      scope: 'read',
      client_id: this.#clientId,
      redirect_uri: callbackUri,
    }
    const pkce = { code_challenge: pkcePair().challenge, code_challenge_method: 'S256' }
    for (const [name, value] of Object.entries({ ...all, ...pkce, ...parameters })) url.searchParams.set(name, value)
    return url
  }

  /** From the application to the provider: what the page showed then, and where the browser is sent. */
  async leave(jar: BrowserJar, provider: string, url = this.startUrl()): Promise<Shown> {
    return jar.press(await jar.open(url), 'federate', { fields: { provider } })
  }

  /** There and back: what is shown at the end. */
  async goThrough(jar: BrowserJar, provider: string, server: SignInServer): Promise<Shown> {
    return jar.open(await this.comeBack(jar, provider, server))
  }

  /** The address at which the browser comes back. */
  async comeBack(jar: BrowserJar, provider: string, server: SignInServer): Promise<URL> {
    const { html, left } = await this.leave(jar, provider)
    if (left === undefined) throw new Error(`not sent away: ${html}`)
    return server.signIn(left)
  }

  /** A whole sign-in, to the claims of the access token. */
  async signIn(provider: string, server: SignInServer): Promise<SignedIn> {
    const { access_token: token } = await this.enter(new BrowserJar(), provider, server)
    const { amr, sub, tenant_id: tenant } = claimsIn(token)
    return { subject: String(sub), tenant: String(tenant), methods: amr }
  }

  /** The same, to what the client is given. */
  async enter(
    jar: BrowserJar,
    provider: string,
    server: SignInServer,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<TokenBody> {
    const { challenge, verifier } = pkcePair()
    const start = this.startUrl({ ...parameters, code_challenge: challenge })
    const { html, left } = await this.leave(jar, provider, start)
    if (left === undefined) throw new Error(`not sent away: ${html}`)
    const consent = await jar.open(await server.signIn(left))
    return this.#redeem(await jar.press(consent, 'allow'), verifier)
  }

  /** What the client is given for a browser that is signed in, and has allowed it. */
  async enterAgain(jar: BrowserJar): Promise<TokenBody> {
    return this.redeem(await this.begin(jar))
  }

  /** Refreshes, as the client does. */
  async refresh({ refresh_token: token }: TokenBody, signal?: AbortSignal): Promise<TokenBody> {
    const fields = { grant_type: 'refresh_token', client_id: this.#clientId, refresh_token: String(token) }
    return this.#token(fields, signal)
  }

  /** From the consent page to what the client is given. */
  async allow(jar: BrowserJar, consent: Shown): Promise<TokenBody> {
    await jar.press(consent, 'allow')
    return this.enterAgain(jar)
  }

  /** A code for a browser that is signed in and has allowed the client. */
  async begin(jar: BrowserJar): Promise<{ readonly shown: Shown; readonly verifier: string }> {
    const { challenge, verifier } = pkcePair()
    return { shown: await jar.open(this.startUrl({ code_challenge: challenge })), verifier }
  }

  /** What the client is given for it. */
  redeem({ shown, verifier }: { readonly shown: Shown; readonly verifier: string }): Promise<TokenBody> {
    return this.#redeem(shown, verifier)
  }

  #redeem({ html, left }: Shown, verifier: string): Promise<TokenBody> {
    const code = left?.searchParams.get('code')
    if (code === null || code === undefined) throw new Error(`no code: ${html}`)
    const fields = { grant_type: 'authorization_code', client_id: this.#clientId, redirect_uri: callbackUri }
    return this.#token({ ...fields, code, code_verifier: verifier })
  }

  async #token(fields: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<TokenBody> {
    const request = { method: 'POST', body: new URLSearchParams(fields), signal: signal ?? null }
    const answer = await fetch(`${this.issuer}/token`, request)
    return (await answer.json()) as TokenBody
  }

  /** Rows of the audit trail about sign-ins, oldest first: of a tenant, or of nobody's. */
  async record(tenant?: Tenant) {
    await this.#postgres.audit.flush()
    const query = `select type, reason, issuer, subject, request_id, client_id, detail from audit_event
      where type like 'signin.%' order by id`
    return tenant === undefined ? this.database.sql(query) : this.database.tenantSql(tenant, query)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    for (const issuer of this.#issuers) issuer.close()
    await this.database.close()
  }

  async #register(): Promise<string> {
    const response = await fetch(`${this.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'Test client', redirect_uris: [callbackUri] }),
    })
    return String(((await response.json()) as { readonly client_id?: unknown }).client_id)
  }
}
