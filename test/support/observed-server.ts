import {
  allowInProcessManager,
  Injectable,
  McpServer,
  ProtectedByAuthSec,
  policy,
  type Policy,
} from '../../src/index.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { listenInProcess, type TestServer } from './listening-app.js'
import { mintTokens } from './mint-tokens.js'
import { openTestPostgres, type TestPostgres } from './postgres.js'

/** Stands for whatever must not be seen by operators. */
export const marker = 'hunter2-marker'

@Injectable()
class OfficeHours implements Policy {
  decide(): 'allow' {
    return 'allow'
  }
}

@McpServer({ name: 'ledger', version: '1.0.0' })
class LedgerServer {
  @ProtectedByAuthSec({ roles: ['admin'] })
  closeBooks(): string {
    return marker
  }

  @ProtectedByAuthSec({ scopes: ['write'] })
  bookEntry(): string {
    return 'booked'
  }

  @ProtectedByAuthSec({ require: policy(OfficeHours) })
  greet(): string {
    return 'good morning'
  }

  @ProtectedByAuthSec()
  breakDown(): string {
    throw new Error(`${marker} broke`)
  }
}

/** A server on a PostgreSQL of its own, with ana, an admin who may not write. */
export class ObservedServer {
  readonly database: TestPostgres
  readonly server: TestServer
  readonly tenant: Tenant
  readonly token: string

  private constructor(
    database: TestPostgres,
    server: TestServer,
    { tenant, token }: { tenant: Tenant; token: string },
  ) {
    this.database = database
    this.server = server
    this.tenant = tenant
    this.token = token
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<ObservedServer> {
    const database = await openTestPostgres()
    const { accounts, applications, provisioner } = database.postgres
    const tenant = await provisioner.createTenant({ slug: 'acme-corp', name: 'Acme Corp' })
    await accounts.create(tenant, { email: 'ana@acme.test', grants: grantsOf({ roles: ['admin'] }) })
    await applications.register({ clientId: 'ledger', name: 'Ledger', tenant, admits: 'own' })
    const { host, port, user, password } = database.connection
    const authority = `${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}`
    const server = await listenInProcess(
      {
        ...{ servers: [LedgerServer], clientId: 'ledger', sessions: 'stateless' },
        [allowInProcessManager]: true,
      },
      {
        AUTHSEC_DATABASE_URL: `postgres://${authority}/${database.masterDatabase}?sslmode=disable`,
        AUTHSEC_MASTER_KEY: database.masterKey.reveal(),
        ...env,
      },
    )
    const { postgres } = database
    const asked = { audience: server.url, emails: ['ana@acme.test'], methods: ['pwd'] }
    const token = (await mintTokens({ postgres, keyring: postgres.keys }, asked)).get('ana@acme.test') ?? ''
    return new ObservedServer(database, server, { tenant, token })
  }

  /** Calls a tool as ana, or with another token, and answers with the status and the text. */
  async call(name: string, changes: { token?: string; headers?: object; meta?: object } = {}): Promise<string> {
    const { headers = {}, meta, token = this.token } = changes
    const params = { name, arguments: {}, ...(meta === undefined ? {} : { _meta: meta }) }
    const response = await fetch(this.server.url, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        ...{ 'mcp-protocol-version': '2025-11-25', authorization: `Bearer ${token}`, ...headers },
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    })
    return `${response.status} ${await response.text()}`
  }

  /** Lets nobody into the tenant's database, or everybody again. */
  async admit(who: 'nobody' | 'everybody'): Promise<void> {
    const [row] = await this.database.sql('select database_name from tenant where id = $1', [this.tenant.id])
    const name = String(row?.['database_name'])
    await this.database.sql(`alter database "${name}" with allow_connections ${who === 'everybody'}`)
    if (who === 'everybody') return
    await this.database.sql('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  }

  async close(): Promise<void> {
    await this.server.close()
    await this.database.close()
  }
}
