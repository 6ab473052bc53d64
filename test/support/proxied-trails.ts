import type { Postgres } from '../../src/adapter/postgres/open-postgres.js'
import type { RegisteredTenant } from '../../src/core/administration/registered-tenant.js'
import type { Log } from '../../src/core/runtime/log.js'
import { FaultProxy } from './fault-proxy.js'
import { KeptTrail } from './kept-trail.js'
import { openTestPostgres, type TestPostgres } from './postgres.js'
import { RecordedCalls } from './recorded-calls.js'

export const shortTimes = { connect: 1000, wait: 1000, idle: 30_000, statement: 600, query: 800 }

export interface ProxiedTrail {
  readonly tenant: RegisteredTenant
  readonly calls: RecordedCalls
  readonly trail: KeptTrail
  /** A server whose connections can be cut. */
  readonly server: Postgres
}

/** Tenants whose server reaches PostgreSQL by way of a proxy alone, which can be made to fail. */
export class ProxiedTrails {
  readonly test: TestPostgres
  readonly proxy: FaultProxy
  #count = 0

  private constructor(test: TestPostgres, proxy: FaultProxy) {
    this.test = test
    this.proxy = proxy
  }

  static async open(): Promise<ProxiedTrails> {
    const test = await openTestPostgres()
    return new ProxiedTrails(test, await FaultProxy.open(test.connection))
  }

  /** A new tenant and a server for it, with the proxy letting everything pass. */
  async next(log?: Pick<Log, 'write'>): Promise<ProxiedTrail> {
    const { proxy, test } = this
    await proxy.set('pass')
    this.#count += 1
    const wish = { slug: `t${this.#count}`, name: 'T' }
    const tenant = await test.postgres.tenantDirectory.create(wish, 'cli:tester')
    const options = { connection: proxy.before(test.connection), limits: { times: shortTimes } }
    const server = await test.reopen(log === undefined ? options : { ...options, log })
    return { tenant, calls: new RecordedCalls(test, tenant), trail: new KeptTrail(test, tenant), server }
  }

  async close(): Promise<void> {
    await this.test.close()
    await this.proxy.close()
  }
}
