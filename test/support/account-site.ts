import { createServer, type Server } from 'node:http'
import { formatLink, linkDigest, newLinkSecret } from '../../src/adapter/issuer/account/account-link.js'
import { createIssuer, type Issuer } from '../../src/adapter/issuer/create-issuer.js'
import { accountSecurity } from '../../src/app/account-security.js'
import type { Account } from '../../src/core/identity/account-store.js'
import type { LinkPurpose } from '../../src/core/identity/account-link-store.js'
import type { Application } from '../../src/core/identity/application.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { BackgroundWork } from '../../src/core/runtime/background-work.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { BrowserJar, type Shown } from './browser-jar.js'
import { CountingHasher } from './counting-hasher.js'
import { callbackUri, password, pkcePair } from './issuer-harness.js'
import { MemoryLog } from './memory-ports.js'
import { openTestPostgres, type TestPostgres } from './postgres.js'
import { ShiftableClock } from './shiftable-clock.js'

export interface Tokens {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** A sign-in under way, and what its code can be exchanged with. */
export interface Begun {
  readonly shown: Shown
  readonly clientId: string
  readonly verifier: string
}

export interface NewLink {
  readonly tenant?: Tenant
  readonly purpose?: LinkPurpose
  readonly seconds?: number
}

/** The authorization server on a real socket and real databases, by as many processes, as it were, as a test asks for. */
export class AccountSite {
  readonly test: TestPostgres
  readonly origin: string
  readonly acme: Tenant
  readonly globex: Tenant
  readonly log = new MemoryLog()
  readonly clock = new ShiftableClock()
  readonly hasher = new CountingHasher({ cost: 14 })
  readonly #server: Server
  readonly #issuers: Issuer[] = []
  #client: Promise<string> | undefined
  /** Which of the processes answers. */
  answering = 0

  private constructor(parts: Pick<AccountSite, 'acme' | 'globex' | 'origin' | 'test'>, server: Server) {
    this.test = parts.test
    this.origin = parts.origin
    this.acme = parts.acme
    this.globex = parts.globex
    this.#server = server
  }

  static async open(): Promise<AccountSite> {
    let site: AccountSite | undefined
    const server = createServer((request, response) => {
      void site?.answer.handle(request, response).then((handled) => {
        if (!handled) response.writeHead(404).end('not the issuer')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    // By a name: a passkey belongs to one, never to an address.
    const origin = `http://localhost:${address.port}`
    const test = await openTestPostgres({ ownIssuer: `${origin}/oauth` })
    const { provisioner } = test.postgres
    const acme = await provisioner.createTenant({ slug: 'acme', name: 'Acme Corp' })
    const globex = await provisioner.createTenant({ slug: 'globex', name: 'Globex' })
    site = new AccountSite({ test, origin, acme, globex }, server)
    await site.start()
    return site
  }

  get answer(): Issuer {
    const issuer = this.#issuers[this.answering]
    if (issuer === undefined) throw new Error('no such process')
    return issuer
  }

  get issuer(): string {
    return `${this.origin}/oauth`
  }

  /** One more process over the same databases; answers with its number. */
  async start(): Promise<number> {
    const { postgres } = this.test
    const application: Application = { clientId: 'app', name: 'Invoices', tenant: this.acme, admits: 'any' }
    this.#issuers.push(
      await createIssuer({
        ...{ issuer: this.issuer, application, log: this.log, clock: this.clock, hasher: this.hasher },
        resources: [{ resource: `${this.origin}/mcp`, name: 'Invoices', scopes: ['read', 'write'] }],
        ...{ storage: postgres.issuerStorage, keys: postgres.signingKeys, accounts: postgres.accounts },
        ...{ tenants: postgres.tenants, limiter: postgres.rateLimiter, audit: postgres.audit },
        keyring: postgres.keys,
        ...{ owned: postgres.directory.records, feed: postgres.notices, relyingParty: undefined },
        security: accountSecurity(
          { postgres, keyring: postgres.keys, close: () => postgres.close() },
          { issuer: this.issuer, log: this.log, reach: 'private', background: new BackgroundWork() },
        ),
      }),
    )
    return this.#issuers.length - 1
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    for (const issuer of this.#issuers) issuer.close()
    await this.test.close()
  }

  /** An account with the usual password, or none. */
  async addAccount(email: string, given: string | undefined = password, tenant = this.acme): Promise<Account> {
    const passwordHash = given === '' || given === undefined ? undefined : await this.hasher.hash(given)
    return this.test.postgres.accounts.create(tenant, { email, passwordHash, grants: grantsOf({ scopes: ['read'] }) })
  }

  /** The URL of a new link for the account. */
  async link(
    account: Account,
    { purpose = 'reset', seconds = 600, tenant = this.acme }: NewLink = {},
  ): Promise<string> {
    const { accountLinks, keys } = this.test.postgres
    const secret = newLinkSecret()
    const digest = linkDigest(keys, tenant.id, secret)
    await accountLinks.issue(tenant, { accountId: account.id, purpose, digest, seconds, by: 'cli:test' })
    return this.origin + formatLink({ tenant: tenant.slug, secret })
  }

  /** The one client, which asks for consent each time. */
  client(): Promise<string> {
    return (this.#client ??= this.#register())
  }

  async #register(): Promise<string> {
    const response = await fetch(`${this.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'Test client', redirect_uris: [callbackUri] }),
    })
    return String(((await response.json()) as { client_id: string }).client_id)
  }

  /** Where the client sends its user. */
  async requestUrl(challenge = pkcePair().challenge): Promise<string> {
    const url = new URL(`${this.issuer}/authorize`)
    const parameters = {
      ...{ response_type: 'code', client_id: await this.client(), redirect_uri: callbackUri, state: 's' },
      ...{ code_challenge: challenge, code_challenge_method: 'S256', resource: `${this.origin}/mcp` },
      ...{ scope: 'read', prompt: 'consent' },
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return url.href
  }

  /** The sign-in page of a client's request; `verifier` for the exchange. */
  async begin(jar: BrowserJar): Promise<Begun> {
    const { challenge, verifier } = pkcePair()
    return { shown: await jar.open(await this.requestUrl(challenge)), clientId: await this.client(), verifier }
  }

  /** Opens a sign-in and gives address and password; what is shown next is consent, a second factor, or a refusal. */
  async signIn(jar: BrowserJar, email: string, given = password): Promise<Begun> {
    const begun = await this.begin(jar)
    const fields = { tenant: this.acme.slug, email, password: given }
    return { ...begun, shown: await jar.press(begun.shown, 'sign-in', { fields }) }
  }

  /** From the consent page to tokens. */
  async finish(jar: BrowserJar, at: Begun): Promise<Tokens> {
    const done = at.shown.left === undefined ? await jar.press(at.shown, 'allow') : at.shown
    const code = done.left?.searchParams.get('code')
    if (code === null || code === undefined) throw new Error(`no code: ${done.left?.href ?? done.html}`)
    return this.token({
      ...{ grant_type: 'authorization_code', client_id: at.clientId, code, redirect_uri: callbackUri },
      code_verifier: at.verifier,
    })
  }

  async token(fields: Readonly<Record<string, string>>): Promise<Tokens> {
    const response = await fetch(`${this.issuer}/token`, { method: 'POST', body: new URLSearchParams(fields) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
}

/** Whether a page is the consent page, which only comes after a complete sign-in. */
export function isConsent({ html }: Shown): boolean {
  return html.includes('value="allow"')
}

/** The claims of a token, unverified. */
export function claimsOf({ body }: Tokens): Readonly<Record<string, unknown>> {
  const [, payload = ''] = String(body['access_token']).split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
}
