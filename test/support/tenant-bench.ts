import { IsOptional, IsString } from 'class-validator'
import { Client } from 'pg'
import { attachEmbeddedPostgres, type EmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import type { SeedTenant } from '../../src/app/development/development-seed.js'
import { openData, type Data } from '../../src/app/open-data.js'
import { issuerOf } from '../../src/app/issuer-of.js'
import { readSettings } from '../../src/app/settings/settings.js'
import { McpServer, ProtectedByAuthSec, UserContext } from '../../src/index.js'
import { listenInProcess, type TestServer } from './listening-app.js'
import { mintTokens } from './mint-tokens.js'
import type { Row } from './postgres.js'
import { TokenForge } from './token-forge.js'

class NoteInput {
  @IsOptional()
  @IsString()
  text?: string
}

@McpServer({ name: 'notes', version: '1.0.0' })
class NoteServer {
  @ProtectedByAuthSec()
  whoAmI(user: UserContext): string {
    return `${user.email} of ${user.tenantId}`
  }

  @ProtectedByAuthSec({ roles: ['writer'] })
  note(input: NoteInput, user: UserContext): string {
    return `${user.tenantId} notes ${input.text ?? 'nothing'}`
  }
}

export const ann = 'ann@acme.example'
export const eve = 'eve@globex.example'

const tenants: readonly SeedTenant[] = [
  { slug: 'acme', name: 'Acme', accounts: [{ email: ann, roles: ['writer'] }] },
  { slug: 'globex', name: 'Globex', accounts: [{ email: eve }] },
]

export interface McpRequest {
  readonly method?: string
  readonly params?: object
  /** Appended to the URL of the server. */
  readonly suffix?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface McpReply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** A whole server in this process with two tenants, and a view of its PostgreSQL from outside. */
export class TenantBench {
  readonly server: TestServer
  readonly data: Data
  /** Of ann of acme and eve of globex, whose account ids differ. */
  readonly tokens: ReadonlyMap<string, string>
  readonly #forge: TokenForge
  readonly #embedded: EmbeddedPostgres

  static async open(env: Readonly<Record<string, string>> = {}): Promise<TenantBench> {
    const options = { servers: [NoteServer], clientId: 'notes', tenants: 'any', development: { tenants } } as const
    const server = await listenInProcess({ ...options, sessions: 'stateless' }, env)
    const log = { write: () => undefined }
    const audience = server.oauthUrl ?? server.url
    const settings = readSettings({ AUTHSEC_HOME: server.home }, {}, undefined)
    const data = await openData({ settings, issuer: issuerOf(new URL(audience).origin), log })
    const embedded = await attachEmbeddedPostgres({ home: server.home, log })
    const minted = [
      await mintTokens(data, { audience, tenant: 'acme', emails: [ann] }),
      await mintTokens(data, { audience, tenant: 'globex', emails: [eve] }),
    ]
    const tokens = new Map(minted.flatMap((one) => [...one]))
    const [key] = await data.postgres.signingKeys.list()
    if (key === undefined) throw new TypeError('there is no signing key')
    const forge = new TokenForge({ issuer: '', resource: '', key, now: () => 0 })
    return new TenantBench({ server, data, tokens }, forge, embedded)
  }

  private constructor(
    parts: Pick<TenantBench, 'server' | 'data' | 'tokens'>,
    forge: TokenForge,
    embedded: EmbeddedPostgres,
  ) {
    this.server = parts.server
    this.data = parts.data
    this.tokens = parts.tokens
    this.#forge = forge
    this.#embedded = embedded
  }

  get url(): string {
    return this.server.oauthUrl ?? this.server.url
  }

  tokenOf(email: string): string {
    const token = this.tokens.get(email)
    if (token === undefined) throw new TypeError(`there is no ${email}`)
    return token
  }

  /** A token of this installation's issuer, as it stands behind nothing that it says: ann's, with other claims. */
  forged(claims: Readonly<Record<string, unknown>>): string {
    const payload = this.tokenOf(ann).split('.')[1] ?? ''
    const own: Readonly<Record<string, unknown>> = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return this.#forge.sign({ claims: JSON.stringify({ ...own, ...claims }) })
  }

  /** One request, without a session. */
  async send(token: string | undefined, request: McpRequest = {}): Promise<McpReply> {
    const { headers = {}, method = 'tools/call', params = { name: 'who_am_i', arguments: {} } } = request
    const response = await fetch(request.url ?? `${this.url}${request.suffix ?? ''}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  /** Plain SQL as the superuser; on `postgres` unless told. */
  async sql(query: string, parameters: readonly unknown[] = [], database = 'postgres'): Promise<readonly Row[]> {
    const { host, password, port, user } = this.#embedded.connection
    const client = new Client({ host, port, user, password, database, application_name: 'outside' })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<Row>(query, [...parameters])).rows
    } finally {
      await client.end()
    }
  }

  /** The database of a tenant, as the registry has it. */
  async databaseOf(slug: string): Promise<string> {
    const [row] = await this.sql('select database_name from tenant where slug = $1', [slug], 'authsec')
    return String(row?.['database_name'])
  }

  /** How many connections there are to each database, but those of this class. */
  async connections(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.sql(
      `select datname, count(*)::int as open from pg_stat_activity
       where backend_type = 'client backend' and application_name <> 'outside' group by datname`,
    )
    return new Map(rows.map((row) => [String(row['datname']), Number(row['open'])]))
  }

  async close(): Promise<void> {
    await this.data.close()
    await this.#embedded.close()
    await this.server.close()
  }
}
