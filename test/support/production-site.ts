import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { freePort } from './database-gate.js'
import { mintTokens } from './mint-tokens.js'
import { openTestPostgres, type TestPostgres } from './postgres.js'
import { ServerChild, type ServerChildOptions } from './server-child.js'

export const john = 'john@company.com'

/** Tools of the server: each call of `book` puts its nonce into the ledger once. */
const program = `
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { allowInProcessManager, createAuthSecApp, protectedByAuthSec } from ${JSON.stringify(pathToFileURL('dist/index.js').href)}
import { z } from ${JSON.stringify(pathToFileURL('node_modules/zod/index.js').href)}
const input = z.object({ nonce: z.string(), ms: z.number().optional() })
const tools = [
  protectedByAuthSec('hello', {}, () => 'hello'),
  protectedByAuthSec('book', { input }, async ({ nonce, ms = 0 }) => {
    await pause(ms)
    appendFileSync(process.env.LEDGER_FILE, nonce + '\\n')
    return nonce
  }),
  protectedByAuthSec('patient', {}, async (_input, call) => { await pause(60_000, undefined, { signal: call.signal }) ; return 'late' }),
  protectedByAuthSec('stubborn', {}, async () => { await pause(60_000); return 'late' }),
  protectedByAuthSec('block', {}, () => {
    const end = performance.now() + 2_000
    while (performance.now() < end);
    return 'blocked'
  }),
]
await createAuthSecApp({ tools, clientId: 'ledger', appName: 'Ledger', [allowInProcessManager]: true }).listen()
`

export interface StartOptions extends Pick<ServerChildOptions, 'node' | 'redirect'> {
  readonly connection?: ConnectionSettings
  readonly env?: Readonly<Record<string, string>>
}

/** A production server's surroundings: a database with a tenant, an account and the application, and one port for every start. */
export class ProductionSite {
  readonly database: TestPostgres
  readonly tenant: Tenant
  readonly port: number
  readonly #folder: string
  readonly #started: ServerChild[] = []

  private constructor(
    database: TestPostgres,
    tenant: Tenant,
    place: { readonly folder: string; readonly port: number },
  ) {
    this.database = database
    this.tenant = tenant
    this.port = place.port
    this.#folder = place.folder
  }

  static async create(): Promise<ProductionSite> {
    const database = await openTestPostgres()
    const { accounts, applications, provisioner } = database.postgres
    const tenant = await provisioner.createTenant({ slug: 'acme-corp', name: 'Acme Corp' })
    await accounts.create(tenant, { email: john, grants: grantsOf({}) })
    await applications.register({ clientId: 'ledger', name: 'Ledger', tenant, admits: 'own' })
    const folder = await mkdtemp(join(tmpdir(), 'authsec-site-'))
    await writeFile(join(folder, 'main.mjs'), program)
    await writeFile(join(folder, 'ledger'), '')
    return new ProductionSite(database, tenant, { folder, port: await freePort() })
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp/oauth`
  }

  path(name: string): string {
    return join(this.#folder, name)
  }

  /** Starts the server; it may have to wait. */
  start({ connection = this.database.connection, env, ...options }: StartOptions = {}): ServerChild {
    const { host, port, user, password } = connection
    const authority = `${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}`
    const child = new ServerChild({
      ...options,
      entry: this.path('main.mjs'),
      port: this.port,
      env: {
        AUTHSEC_DATABASE_URL: `postgres://${authority}/${this.database.masterDatabase}?sslmode=disable`,
        AUTHSEC_MASTER_KEY: this.database.masterKey.reveal(),
        AUTHSEC_HOME: this.#folder,
        LEDGER_FILE: this.path('ledger'),
        ...env,
      },
    })
    this.#started.push(child)
    return child
  }

  /** John's token for this server. */
  async token(): Promise<string> {
    const { postgres } = this.database
    const options = { audience: this.url, emails: [john], methods: ['pwd'] }
    return (await mintTokens({ postgres, keyring: postgres.keys }, options)).get(john) ?? ''
  }

  /** Every nonce that was booked, as often as it was. */
  async booked(): Promise<readonly string[]> {
    return (await readFile(this.path('ledger'), 'utf8')).split('\n').filter((line) => line !== '')
  }

  /** How many calls are on record as allowed, with an outcome that is known, and with one of both alone. */
  async record(): Promise<CallsOnRecord> {
    const [row] = await this.database.tenantSql(
      this.tenant,
      `select count(*) filter (where allowed = 1)::int as allowed,
         count(*) filter (where known = 1)::int as outcomes,
         count(*) filter (where known = 0)::int as orphans,
         count(*) filter (where allowed = 0 or allowed > 1 or outcomes > 1)::int as wrong
       from (
         select count(*) filter (where type = 'operation.allowed') as allowed,
           count(*) filter (where type = 'operation.outcome') as outcomes,
           count(*) filter (where type = 'operation.outcome' and reason is distinct from 'unknown') as known
         from audit_event where type in ('operation.allowed', 'operation.outcome') group by request_id
       ) calls`,
    )
    return row as unknown as CallsOnRecord
  }

  /** Ends every server that runs still. */
  async killAll(): Promise<void> {
    await Promise.all(this.#started.splice(0).map((child) => child.kill()))
  }

  async close(): Promise<void> {
    await this.killAll()
    await this.database.close()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 20 })
  }
}

export interface CallsOnRecord {
  readonly allowed: number
  readonly outcomes: number
  /** Allowed, and how they came out nobody knows; whether that is on record already makes no difference. */
  readonly orphans: number
  /** An outcome of what was never allowed, or one of both twice. */
  readonly wrong: number
}
