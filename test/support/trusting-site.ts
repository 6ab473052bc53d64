import {
  CallContext,
  McpServer,
  ProtectedByAuthSec,
  UserContext,
  type AuthSecAppOptions,
  type IssuerOptions,
} from '../../src/index.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { listenInProcess, type TestServer } from './listening-app.js'
import { openTestPostgres, type TestPostgres } from './postgres.js'

/** Calls that wait for nothing. */
export const waiting = { count: 0 }

@McpServer({ name: 'ledger', version: '1.0.0' })
class LedgerServer {
  @ProtectedByAuthSec()
  hello(): string {
    return 'hello'
  }

  @ProtectedByAuthSec()
  whoAmI(user: UserContext): string {
    return `${user.subject} of ${user.tenantId}`
  }

  @ProtectedByAuthSec()
  async waitForever(call: CallContext): Promise<string> {
    waiting.count += 1
    await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
    return 'aborted'
  }
}

/** What a server of production is started with that has no authorization server of its own. */
export const trusting: AuthSecAppOptions = { servers: [LedgerServer], clientId: 'ledger', tenants: 'any' }

/** A database of production with two tenants that let whoever their issuer names in, and servers on it. */
export class TrustingSite {
  readonly database: TestPostgres
  readonly acme: Tenant
  readonly globex: Tenant
  readonly env: Readonly<Record<string, string>>
  readonly #servers: TestServer[] = []

  private constructor(database: TestPostgres, [acme, globex]: readonly [Tenant, Tenant]) {
    this.database = database
    this.acme = acme
    this.globex = globex
    const { host, port, user, password } = database.connection
    const authority = `${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}`
    this.env = {
      AUTHSEC_DATABASE_URL: `postgres://${authority}/${database.masterDatabase}?sslmode=disable`,
      AUTHSEC_MASTER_KEY: database.masterKey.reveal(),
    }
  }

  static async create(): Promise<TrustingSite> {
    const database = await openTestPostgres()
    const { applications, provisioner, tenantAdministration } = database.postgres
    const tenants = [
      await provisioner.createTenant({ slug: 'acme', name: 'Acme' }),
      await provisioner.createTenant({ slug: 'globex', name: 'Globex' }),
    ] as const
    const rule = { kind: 'access rule', rule: { signUp: 'everybody' } } as const
    for (const tenant of tenants) await tenantAdministration.apply(tenant, [rule], 'cli:test')
    await applications.register({ clientId: 'ledger', name: 'Ledger', tenant: tenants[0], admits: 'any' })
    return new TrustingSite(database, tenants)
  }

  /** What an issuer calls a tenant. */
  async name(tenant: Tenant, issuer: string, claim: string): Promise<void> {
    const columns = 'tenant_id, issuer, claim_value'
    await this.database.sql(`insert into tenant_issuer (${columns}) values ($1, $2, $3)`, [tenant.id, issuer, claim])
  }

  async start(issuers: readonly IssuerOptions[], changes: Partial<AuthSecAppOptions> = {}): Promise<TestServer> {
    const server = await listenInProcess({ ...trusting, issuers, ...changes }, this.env)
    this.#servers.push(server)
    return server
  }

  async close(): Promise<void> {
    for (const server of this.#servers.splice(0)) await server.close()
    await this.database.close()
  }
}
