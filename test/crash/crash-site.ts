import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { freePort } from '../support/database-gate.js'
import { LoadClient } from '../support/load.js'
import { mintTokens } from '../support/mint-tokens.js'
import { openTestPostgres, type TestPostgres } from '../support/postgres.js'
import { ServerChild } from '../support/server-child.js'
import { until } from '../support/until.js'

const email = 'ann@company.com'

/** What a handler says of itself: as which call it ran, and with what. */
export interface Run {
  readonly ref: string
  readonly nonce: string
}

/** A database with one tenant, and as many servers on it as are started, each on a port of its own. */
export class CrashSite {
  readonly database: TestPostgres
  readonly tenant: Tenant
  readonly #folder: string
  readonly #started = new Set<ServerChild>()

  private constructor(database: TestPostgres, tenant: Tenant, folder: string) {
    this.database = database
    this.tenant = tenant
    this.#folder = folder
  }

  static async create(): Promise<CrashSite> {
    const database = await openTestPostgres()
    const { accounts, applications, provisioner } = database.postgres
    const tenant = await provisioner.createTenant({ slug: 'acme', name: 'Acme' })
    await accounts.create(tenant, { email, grants: grantsOf({}) })
    await applications.register({ clientId: 'crash', name: 'Crash', tenant, admits: ['acme'] })
    const folder = await mkdtemp(join(tmpdir(), 'authsec-crash-'))
    await writeFile(join(folder, 'runs'), '')
    return new CrashSite(database, tenant, folder)
  }

  freePort(): Promise<number> {
    return freePort()
  }

  /** A server on this port, once it is ready. */
  async start(port: number): Promise<ServerChild> {
    const { host, port: place, user, password } = this.database.connection
    const authority = `${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${place}`
    const child = new ServerChild({
      entry: 'test/crash/server.mjs',
      port,
      env: {
        AUTHSEC_DATABASE_URL: `postgres://${authority}/${this.database.masterDatabase}?sslmode=disable`,
        AUTHSEC_MASTER_KEY: this.database.masterKey.reveal(),
        AUTHSEC_HOME: this.#folder,
        RUNS_FILE: join(this.#folder, 'runs'),
      },
    })
    this.#started.add(child)
    await child.ready()
    return child
  }

  /** A client of the server on this port, in a session that outlives its process. */
  async client(port: number): Promise<LoadClient> {
    const { postgres } = this.database
    const url = `http://127.0.0.1:${port}/mcp/oauth`
    const target = { audience: url, tenant: 'acme', emails: [email], methods: ['pwd'] }
    const tokens = await mintTokens({ postgres, keyring: postgres.keys }, target)
    return new LoadClient(url, tokens.get(email)).open()
  }

  /** What ran, by the handlers' own account. */
  async runs(): Promise<readonly Run[]> {
    const lines = (await readFile(join(this.#folder, 'runs'), 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => {
      const [ref = '', nonce = ''] = line.split(' ')
      return { ref, nonce }
    })
  }

  /** As if those that are gone had been for a while. */
  async letTimePass(): Promise<void> {
    await this.database.tenantSql(
      this.tenant,
      `update audit_chain set held_until = clock_timestamp() - interval '1 s' where holder is not null`,
    )
  }

  /** Resolves when every intent has its outcome. */
  async settled(): Promise<void> {
    await until(async () => {
      const open = await this.database.tenantSql(this.tenant, 'select from audit_chain where settled < sequence')
      return open.length === 0
    }, 60_000)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#started].map((child) => child.kill()))
    await this.database.close()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 20 })
  }
}
