import { readFile } from 'node:fs/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { localVaultKeys } from '../../src/app/credentials/local-vault-keys.js'
import { accountsFile } from '../../src/app/development/local-accounts.js'
import type { CredentialStore } from '../../src/core/credential/credential-store.js'
import type { ExternalService } from '../../src/core/external-service/external-service.js'
import { readServiceOptions } from '../../src/core/external-service/read-service-options.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { protectedByAuthSec, ServiceAccess, type IssuerOptions } from '../../src/index.js'
import { BrowserJar, type Shown } from './browser-jar.js'
import { openHomePostgres, type HomePostgres } from './home-postgres.js'
import { listenInProcess, type TestServer } from './listening-app.js'
import { mintTokens } from './mint-tokens.js'
import { ada, OutsideProvider, type OutsideUser } from './upstream/outside-provider.js'

const params = [ServiceAccess] as const
const services = ['Hub'] as const
const tools = [
  protectedByAuthSec('who_am_i_there', { services, params }, async (access) =>
    (await access.fetch('Hub', '/me')).text(),
  ),
  protectedByAuthSec('many', { services, params }, async (access) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => access.fetch('Hub', '/me')))
    return String(answers.length)
  }),
  protectedByAuthSec('standing', { services, params }, async (access) => (await access.healthCheck())['Hub'] ?? ''),
  protectedByAuthSec('members', { services, params }, async (access) =>
    Object.keys(await access.getServiceCredentials('Hub')).join(),
  ),
  protectedByAuthSec('leak', { services, params }, async (access) => (await access.getServiceToken('Hub')).reveal()),
]

/** What a client is answered. */
export interface ConnectAnswer {
  readonly text: string
  readonly isError: boolean
  /** The link in the words, where there is one. */
  readonly link: string | undefined
}

interface LocalAccount {
  readonly email: string
  readonly password: string
  readonly tenant: string
}

/** A server, two tenants, and a real authorization server with an interface of its own that users of the first one sign in at. */
export class ConnectSite {
  readonly provider: OutsideProvider
  readonly server: TestServer
  readonly data: HomePostgres
  readonly acme: Tenant
  readonly globex: Tenant
  readonly #accounts: readonly LocalAccount[]
  readonly #clients: Client[] = []

  private constructor(
    parts: Pick<ConnectSite, 'acme' | 'data' | 'globex' | 'provider' | 'server'>,
    accounts: readonly LocalAccount[],
  ) {
    this.provider = parts.provider
    this.server = parts.server
    this.data = parts.data
    this.acme = parts.acme
    this.globex = parts.globex
    this.#accounts = accounts
  }

  static async start(issuers: readonly IssuerOptions[]): Promise<ConnectSite> {
    const provider = await OutsideProvider.start({ secretIn: 'header' })
    const server = await listenInProcess({ tools, clientId: 'hub', appName: 'Hub tools', tenants: 'any', issuers })
    const data = await openHomePostgres(server.home)
    const tenants = await data.postgres.tenants.list()
    const [acme, globex] = ['acme-corp', 'globex'].map((slug) => tenants.find((tenant) => tenant.slug === slug))
    if (acme === undefined || globex === undefined) throw new TypeError('there are no tenants')
    const accounts: readonly LocalAccount[] = JSON.parse(await readFile(accountsFile(server.home), 'utf8'))
    const site = new ConnectSite({ acme, data, globex, provider, server }, accounts)
    for (const tenant of [acme, globex]) await site.provide(tenant)
    return site
  }

  get origin(): string {
    return new URL(this.server.url).origin
  }

  get store(): CredentialStore {
    return this.data.postgres.localVault.open(localVaultKeys({ home: this.server.home, localVaultKey: undefined }))
  }

  /** Puts the service into a tenant, or changes it there, with the client's credential. */
  async provide(tenant: Tenant, changes: Readonly<Record<string, unknown>> = {}): Promise<ExternalService> {
    const { services: store } = this.data.postgres
    const { clientId, clientSecret = '', origin } = this.provider
    const auth = {
      ...{ type: 'oauth2', grant: 'authorization_code', issuer: origin, scopes: ['openid', 'offline_access'] },
      ...{ authorizationEndpoint: `${origin}/auth`, tokenEndpoint: `${origin}/token` },
      revocationEndpoint: `${origin}/token/revocation`,
    }
    const settings = readServiceOptions({ url: origin, network: 'private', requirement: {}, auth, ...changes })
    await store.apply(tenant, { presence: 'any', name: 'Hub', settings }, 'cli:test')
    const service = await this.service(tenant)
    if (service.credentialVersion > 0) return service
    const members = { client_id: clientId, client_secret: clientSecret }
    const place = { tenant, service: service.id, account: undefined }
    const version = await this.store.write(place, members, await this.store.newest(place))
    await store.activate(tenant, { service, version }, 'cli:test')
    return this.service(tenant)
  }

  async service(tenant = this.acme): Promise<ExternalService> {
    const service = await this.data.postgres.services.find(tenant, 'Hub')
    if (service === undefined) throw new TypeError('there is no service')
    return service
  }

  async accountOf(email: string, tenant = this.acme): Promise<string> {
    return (await this.data.postgres.accounts.findByEmail(tenant, email))?.id ?? ''
  }

  async tokenOf(email: string, tenant = this.acme): Promise<string> {
    const { postgres } = this.data
    const audience = this.server.oauthUrl ?? ''
    const minting = { audience, tenant: tenant.slug, emails: [email], methods: ['pwd'] }
    return (await mintTokens({ postgres, keyring: postgres.keys }, minting)).get(email) ?? ''
  }

  /** A client with that token, which may say that it can send its user to pages. */
  async client(token: string, says: 'nothing' | 'opens urls' = 'nothing'): Promise<Client> {
    const capabilities = says === 'opens urls' ? { elicitation: { url: {} } } : {}
    const client = new Client({ name: 'test', version: '1' }, { capabilities })
    const headers = { authorization: `Bearer ${token}` }
    const url = new URL(this.server.oauthUrl ?? '')
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }))
    this.#clients.push(client)
    return client
  }

  async call(client: Client, name = 'who_am_i_there'): Promise<ConnectAnswer> {
    const { content, isError } = await client.callTool({ name, arguments: {} })
    const [part]: readonly unknown[] = Array.isArray(content) ? content : []
    const text = typeof part === 'object' && part !== null && 'text' in part ? String(part.text) : ''
    const [link] = /http:\/\/\S+\/authsec\/connect\/[\w-]{43}/.exec(text) ?? []
    return { text, isError: isError === true, link }
  }

  /** A new link for that user. */
  async link(client: Client): Promise<string> {
    const { link, text } = await this.call(client)
    if (link === undefined) throw new TypeError(`no link: ${text}`)
    return link
  }

  /** Opens a page, signing in where that is asked. */
  async open(jar: BrowserJar, url: string, email: string): Promise<Shown> {
    const shown = await jar.open(url)
    if (!shown.url.includes('/authsec/signin/')) return shown
    const account = this.#accounts.find((known) => known.email === email)
    return jar.press(shown, 'sign-in', { fields: { ...account } })
  }

  /** To the service and back: the address at which the browser returns. */
  async goThere(jar: BrowserJar, page: Shown, user: OutsideUser | undefined): Promise<URL> {
    const { html, left } = await jar.press(page, 'connect')
    if (left === undefined) throw new TypeError(`not sent away: ${html}`)
    this.provider.user = user
    return this.provider.signIn(left, user)
  }

  /** All of it, to what is shown at the end. */
  async connect(client: Client, email: string, user: OutsideUser = ada, jar = new BrowserJar()): Promise<Shown> {
    const page = await this.open(jar, await this.link(client), email)
    return jar.open(await this.goThere(jar, page, user))
  }

  /** Plain SQL on the tenant's database. */
  sql(query: string, parameters: readonly unknown[] = [], tenant = this.acme) {
    return this.data.tenantSql(tenant, query, parameters)
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close()
    await this.data.close()
    await this.server.close()
    await this.provider.close()
  }
}
