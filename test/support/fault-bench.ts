import { expect } from '@jest/globals'
import { CallContext } from '../../src/core/operation/call-context.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'
import { openPostgres, type Postgres } from '../../src/adapter/postgres/open-postgres.js'
import { allowInProcessManager, McpServer, ProtectedByAuthSec } from '../../src/index.js'
import { FaultProxy } from './fault-proxy.js'
import { listenInProcess, type TestServer } from './listening-app.js'
import { mintTokens } from './mint-tokens.js'
import { OwnCluster } from './own-cluster.js'
import { ownIssuer } from './postgres.js'
import { until } from './until.js'

/** How a call came out, as its client saw it. */
export interface Attempt {
  /** 0 where there was no answer at all. */
  readonly status: number
  readonly retryAfter: string | null
  readonly body: string
  readonly milliseconds: number
}

export interface FaultBenchOptions {
  /** Of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
  /** The host in the server's URL of its database, instead of the address of the proxy. */
  readonly host?: string
}

const application = 'ledger'
const email = 'john@bench.example'
const masterDatabase = 'authsec'
const role = { user: 'service', password: 'a-password-of-the-service' }
const codes = ['AUTH_UNAVAILABLE', 'TENANT_UNAVAILABLE', 'OVERLOADED', 'SHUTTING_DOWN']

/** References of the calls whose handler ran. */
const handled: string[] = []

@McpServer({ name: application, version: '1.0.0' })
class LedgerServer {
  @ProtectedByAuthSec({ roles: ['admin'] })
  bookEntry(call: CallContext): string {
    handled.push(call.requestId)
    return call.requestId
  }
}

/**
 * A whole server in this process, two tenants, and a cluster of their own that is reached by way of a fault proxy, as a role that is
 * not a superuser.
 */
export class FaultBench {
  readonly cluster: OwnCluster
  readonly proxy: FaultProxy
  readonly server: TestServer
  /** The role of the server, past the proxy. */
  readonly connection: ConnectionSettings
  readonly masterKey: MasterKey
  readonly tenants: ReadonlyMap<string, Tenant>
  readonly #tokens: ReadonlyMap<string, string>
  /** What clients were told that it is done. */
  readonly #acknowledged: string[] = []

  static async open({ settings = {}, host = '127.0.0.1' }: FaultBenchOptions = {}): Promise<FaultBench> {
    handled.length = 0
    const cluster = await OwnCluster.start({ max_connections: '100', ...settings })
    const proxy = await FaultProxy.open(cluster.connection)
    try {
      return await begin(cluster, proxy, host)
    } catch (error) {
      await proxy.close()
      await cluster.close()
      throw error
    }
  }

  /** See `open`. */
  constructor(
    parts: Pick<FaultBench, 'cluster' | 'proxy' | 'server' | 'connection' | 'masterKey' | 'tenants'> & {
      readonly tokens: ReadonlyMap<string, string>
    },
  ) {
    this.cluster = parts.cluster
    this.proxy = parts.proxy
    this.server = parts.server
    this.connection = parts.connection
    this.masterKey = parts.masterKey
    this.tenants = parts.tenants
    this.#tokens = parts.tokens
  }

  /** How many handlers have run. */
  get handled(): number {
    return handled.length
  }

  /** One call of the tool by a user of the tenant. Never throws. */
  async call(tenant: string): Promise<Attempt> {
    const startedAt = performance.now()
    const params = { name: 'book_entry', arguments: {} }
    const attempt = await this.ask(tenant, 'tools/call', params).catch((error: unknown) => ({
      ...{ status: 0, retryAfter: null, body: String(error) },
    }))
    // A refusal acknowledges nothing: bits that flip may take a grant away.
    if (attempt.status === 200 && !attempt.body.includes('"error":{"code":-32602')) {
      this.#acknowledged.push(referenceIn(attempt.body))
    }
    return { ...attempt, milliseconds: performance.now() - startedAt }
  }

  /** Any request by a user of the tenant. */
  async ask(tenant: string, method: string, params: object): Promise<Omit<Attempt, 'milliseconds'>> {
    const response = await fetch(this.server.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
        authorization: `Bearer ${this.#tokens.get(tenant)}`,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: await response.text(),
    }
  }

  /** The status of `/readyz`, or of `/healthz`. */
  async status(path: '/readyz' | '/healthz'): Promise<number> {
    const response = await fetch(new URL(path, this.server.url))
    await response.arrayBuffer()
    return response.status
  }

  /** Milliseconds until a call of this tenant succeeds; throws where none does within `bound`. */
  async recovery(tenant: string, bound: number): Promise<number> {
    const startedAt = performance.now()
    await until(async () => (await this.call(tenant)).status === 200, bound)
    return performance.now() - startedAt
  }

  /** An answer of 503 that says what may be said, and nothing else. */
  expectOutage({ status, retryAfter, body }: Attempt, among: readonly string[] = codes): void {
    expect({ status, body }).toEqual({ status: 503, body: expect.stringContaining('"retryable":true') })
    expect(Number(retryAfter)).toBeGreaterThan(0)
    const { error } = JSON.parse(body) as { readonly error: { readonly data: Readonly<Record<string, unknown>> } }
    const { code, ...rest } = error.data
    expect(among).toContain(code)
    expect(rest).toEqual({ retryable: true, ref: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    for (const secret of this.#secrets()) expect(body).not.toContain(secret)
    expect(body).not.toMatch(/\.[jt]s:\d|\b(select|insert|update|timeout|ECONN\w+|ENOTFOUND|relation)\b/i)
  }

  /** No handler ran without its decision on record, and whatever a client was told is on record, its outcome included. */
  async expectFailedClosed(): Promise<void> {
    // What could not be written in time is written a moment later.
    await until(async () => {
      const written = await this.#recorded('operation.outcome')
      return [...handled, ...this.#acknowledged].every((ref) => written.has(ref))
    }, 10_000)
    const allowed = await this.#recorded('operation.allowed')
    const outcomes = await this.#recorded('operation.outcome')
    expect(handled.filter((ref) => !allowed.has(ref))).toEqual([])
    expect(this.#acknowledged.filter((ref) => !allowed.has(ref) || !outcomes.has(ref))).toEqual([])
    expect(new Set(handled).size).toBe(handled.length)
    expect(this.#acknowledged.filter((ref) => !handled.includes(ref))).toEqual([])
  }

  /** The name of the tenant's database. */
  async databaseOf(tenant: string): Promise<string> {
    const [row] = await this.cluster.sql(masterDatabase, 'select database_name from tenant where slug = $1', [tenant])
    return String(row?.['database_name'])
  }

  async close(): Promise<void> {
    await this.server.close()
    await this.proxy.close()
    await this.cluster.close()
  }

  async #recorded(type: string): Promise<ReadonlySet<string>> {
    const query = 'select request_id from audit_event where type = $1'
    const databases = await Promise.all([...this.tenants.keys()].map((tenant) => this.databaseOf(tenant)))
    const rows = await Promise.all(databases.map((database) => this.cluster.sql(database, query, [type])))
    return new Set(rows.flat().map((row) => String(row['request_id'])))
  }

  #secrets(): readonly string[] {
    const { host } = this.cluster.connection
    return [host, '127.0.0.1', String(this.proxy.port), role.user, role.password, 'tenant_', masterDatabase]
  }
}

async function begin(cluster: OwnCluster, proxy: FaultProxy, host: string): Promise<FaultBench> {
  await cluster.sql('postgres', `create role ${role.user} login createdb createrole password '${role.password}'`)
  const connection = { ...cluster.connection, ...role }
  const masterKey = MasterKey.generate()
  const log = { write: () => undefined }
  const postgres = await openPostgres({ connection, masterDatabase, masterKey, ownIssuer, log })
  try {
    const tenants = await createTenants(postgres)
    const authority = `${role.user}:${role.password}@${host}:${proxy.port}`
    const server = await listenInProcess(
      {
        ...{ servers: [LedgerServer], clientId: application, sessions: 'stateless', tenants: [...tenants.keys()] },
        [allowInProcessManager]: true,
      },
      {
        AUTHSEC_DATABASE_URL: `postgres://${authority}/${masterDatabase}?sslmode=disable`,
        AUTHSEC_MASTER_KEY: masterKey.reveal(),
      },
    )
    const tokens = new Map<string, string>()
    for (const slug of tenants.keys()) {
      const target = { audience: server.url, tenant: slug, emails: [email], methods: ['pwd'] }
      tokens.set(slug, (await mintTokens({ postgres, keyring: postgres.keys }, target)).get(email) ?? '')
    }
    return new FaultBench({ cluster, proxy, server, connection, masterKey, tenants, tokens })
  } finally {
    await postgres.close()
  }
}

async function createTenants({ provisioner, accounts, applications }: Postgres): Promise<ReadonlyMap<string, Tenant>> {
  const tenants = new Map<string, Tenant>()
  for (const slug of ['acme', 'globex']) {
    const tenant = await provisioner.createTenant({ slug, name: slug })
    await accounts.create(tenant, { email, grants: grantsOf({ roles: ['admin'] }) })
    tenants.set(slug, tenant)
  }
  const [owner] = tenants.values()
  if (owner === undefined) throw new TypeError('there is no tenant')
  await applications.register({ clientId: application, name: 'Ledger', tenant: owner, admits: [...tenants.keys()] })
  return tenants
}

function referenceIn(body: string): string {
  return /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(body)?.[0] ?? `nothing in ${body}`
}
