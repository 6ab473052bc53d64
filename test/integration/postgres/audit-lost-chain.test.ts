import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { sql, type Kysely } from 'kysely'
import { AuditChain } from '../../../src/adapter/postgres/audit/chain/audit-chain.js'
import { AuditSeal } from '../../../src/adapter/postgres/audit/audit-seal.js'
import { BrokenChains } from '../../../src/adapter/postgres/audit/chain/broken-chains.js'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import { withDatabase } from '../../../src/adapter/postgres/pool/with-database.js'
import type { AuditTables } from '../../../src/adapter/postgres/schema/audit/audit-schema.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'
import type { FaultProxy } from '../../support/fault-proxy.js'
import { holdRows } from '../../support/hold-rows.js'
import type { KeptTrail } from '../../support/kept-trail.js'
import type { TestPostgres } from '../../support/postgres.js'
import { ProxiedTrails } from '../../support/proxied-trails.js'
import type { RecordedCalls } from '../../support/recorded-calls.js'
import { until } from '../../support/until.js'

let trails: ProxiedTrails
let test: TestPostgres
let proxy: FaultProxy
let tenant: RegisteredTenant
let calls: RecordedCalls
let trail: KeptTrail
let server: Postgres
let errors: string[]

beforeAll(async () => {
  trails = await ProxiedTrails.open()
  ;({ proxy, test } = trails)
})
afterAll(() => trails?.close())
beforeEach(async () => {
  errors = []
  const log = { write: (level: string, message: string) => void (level === 'error' && errors.push(message)) }
  ;({ calls, server, tenant, trail } = await trails.next(log))
})
afterEach(() => server.close())

const faults = async () => (await trail.verify()).faults

/** A chain of the tenant's trail on a line that can be made bad. */
async function onBadLine(work: (chain: AuditChain, line: BadLine) => Promise<void>): Promise<void> {
  const target = { settings: test.connection, database: tenant.database, outage: 'TENANT_UNAVAILABLE' } as const
  await withDatabase<AuditTables, void>(target, async (db) => {
    const line = new BadLine(db)
    const chain = new AuditChain({
      ...{ place: tenant.id, seal: new AuditSeal(test.postgres.keys), broken: new BrokenChains(undefined) },
      database: () => Promise.resolve(line.db),
    })
    await work(chain, line)
  })
}

/** While the server cannot reach its database another one has its chain; then the table is locked as it comes back. */
async function loseChain(): Promise<void> {
  await calls.leaseEnds()
  await test.postgres.audit.settle(tenant)
  const held = await holdRows(test.connection, tenant.database, 'lock table audit_event in access exclusive mode')
  await proxy.set('pass')
  await until(async () => {
    await server.audit.flush().catch(() => undefined)
    await server.audit.record(calls.intent('probe')).catch(() => undefined)
    const rows = await test.tenantSql(
      tenant,
      `select from audit_chain where kind = 'server' and holder not like '%settling'`,
    )
    return rows.length > 0
  })
  await held.release()
  const flushed = () => server.audit.flush().then(...[() => true, () => false])
  await until(flushed)
}

describe('a chain that somebody else has had, and whose rows could not be looked at once it was back', () => {
  it('has the outcome that was on its way meanwhile', async () => {
    await server.audit.record(calls.intent('call'))
    await proxy.set('reset')
    const ended = calls.outcome('call')
    await expect(server.audit.record(ended)).rejects.toThrow()
    server.audit.retain(ended)
    await loseChain()
    // A process that stood still for longer than its lease says later what became of its calls.
    expect(await calls.reasonsOf('call')).toEqual([null, 'unknown', 'succeeded'])
    expect(await faults()).toEqual([])
  })

  it('has the denial that was on its way meanwhile, once', async () => {
    await server.audit.record(calls.intent('call'))
    await proxy.set('reset')
    const denied: AuditEvent = { type: 'operation.denied', tenant, requestId: 'denied', subject: 'eve', reason: 'no' }
    server.audit.count(denied)
    await expect(server.audit.flush()).rejects.toThrow()
    await loseChain()
    expect(await calls.reasonsOf('denied')).toEqual(['no'])
  })

  it('has no outcome of an intent that was not written', async () => {
    await server.audit.record(calls.intent('call'))
    await proxy.set('reset')
    await expect(server.audit.record(calls.intent('refused'))).rejects.toThrow()
    await loseChain()
    await server.audit.record(calls.intent('next'))
    await server.audit.record(calls.outcome('next'))
    expect(await calls.reasonsOf('refused')).toEqual([])
    expect(await calls.reasonsOf('next')).toEqual([null, 'succeeded'])
    expect(await faults()).toEqual([])
  })
})

it('is found out also where the answer to the claim was lost', async () => {
  await onBadLine(async (chain, line) => {
    await chain.append([{ event: calls.intent('call'), count: 1 }])
    const denied = {
      event: { type: 'operation.denied', tenant, requestId: 'denied', reason: 'no' },
      count: 1,
    } as const
    line.fault = 'cut'
    await expect(chain.append([denied])).rejects.toThrow('cut')
    await calls.leaseEnds()
    expect(await test.postgres.audit.settle(tenant)).toBe(1)
    line.fault = 'answers are lost'
    await expect(chain.append([denied])).rejects.toThrow('lost')
    line.fault = undefined
    await chain.append([denied])
    await chain.append([{ event: calls.outcome('call'), count: 1 }])
    const [row] = await sql<{ readonly open: boolean }>`
        select settled < sequence as open from audit_chain where holder like ${`${chain.writer}.%`}
      `
      .execute(line.db)
      .then(({ rows }) => rows)
    // The intent was settled by the other one: nothing of it is open here.
    expect(row).toEqual({ open: false })
  })
  expect(await calls.reasonsOf('denied')).toEqual(['no'])
})

it('that was begun after one that takes no rows, and of which nobody heard, is gone on with and not left beside another', async () => {
  await onBadLine(async (chain, line) => {
    await chain.append([{ event: calls.intent('call'), count: 1 }])
    await test.tenantSql(tenant, `update audit_chain set sequence = 9007199254740991 where kind = 'server'`)
    line.fault = 'answers are lost'
    // The claim of the chain that it has.
    line.spared = 1
    await expect(chain.append([{ event: calls.intent('lost'), count: 1 }])).rejects.toThrow('lost')
    line.fault = undefined
    await chain.append([{ event: calls.intent('next'), count: 1 }])
  })
  expect(await test.tenantSql(tenant, `select from audit_chain where kind = 'server'`)).toHaveLength(2)
  expect(await calls.reasonsOf('next')).toEqual([null])
})

it('from which rows are gone is not gone on with, and the log says so', async () => {
  for (const call of ['one', 'two', 'three']) {
    await server.audit.record(calls.intent(call))
    await server.audit.record(calls.outcome(call))
  }
  await trail.spoil(`
    delete from audit_event where chain like 'server-%' and sequence > 2;
    update audit_chain set sequence = 2, settled = 2,
      mac = (select mac from audit_event where chain = name and sequence = 2) where kind = 'server'
  `)
  await server.audit.record(calls.intent('four'))
  await server.audit.record(calls.outcome('four'))
  const chains = await test.tenantSql(
    tenant,
    `select sequence::int from audit_chain where kind = 'server' order by sequence, name`,
  )
  expect(chains).toEqual([{ sequence: 2 }, { sequence: 2 }])
  expect(await calls.reasonsOf('four')).toEqual([null, 'succeeded'])
  expect(errors).toEqual([
    'rows are gone from the end of a chain of the audit trail, and another one is begun: verify the trail',
  ])
})

/** A connection that can be cut, or on which the answer to a commit is lost. */
class BadLine {
  fault: 'answers are lost' | 'cut' | undefined
  /** How many transactions are still answered. */
  spared = 0
  readonly db: Kysely<AuditTables>

  constructor(real: Kysely<AuditTables>) {
    const refuse = () => {
      if (this.fault === 'cut') throw new Error('cut')
    }
    const transaction = () => ({
      execute: async (work: Parameters<ReturnType<typeof real.transaction>['execute']>[0]) => {
        refuse()
        const result = await real.transaction().execute(work)
        if (this.fault !== undefined && this.spared === 0) throw new Error('the answer is lost')
        this.spared = Math.max(0, this.spared - 1)
        return result
      },
    })
    this.db = new Proxy(real, {
      get(of, name) {
        if (name === 'getExecutor') refuse()
        if (name === 'transaction') return transaction
        const value: unknown = Reflect.get(of, name)
        return typeof value === 'function' ? value.bind(of) : value
      },
    })
  }
}
