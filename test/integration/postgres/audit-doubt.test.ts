import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { checkTrail, intentFaults } from '../../support/audit-check.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { holdRows } from '../../support/hold-rows.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { RecordedCalls } from '../../support/recorded-calls.js'
import { until } from '../../support/until.js'

const times = { connect: 1000, wait: 1000, idle: 30_000, statement: 600, query: 800 }

let test: TestPostgres
let proxy: FaultProxy
let acme: Tenant
let calls: RecordedCalls
/** A server whose connections can be cut. */
let server: Postgres

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  calls = new RecordedCalls(test, acme)
  proxy = await FaultProxy.open(test.connection)
  server = await test.reopen({ connection: proxy.before(test.connection), limits: { times } })
  await server.audit.record(intent('first'))
  await server.audit.record(outcome('first'))
})
afterEach(async () => {
  await proxy.set('pass')
  const { faults, rows } = await checkTrail(test, acme)
  expect({ faults, calls: intentFaults(rows) }).toEqual({ faults: [], calls: [] })
})
afterAll(async () => {
  await test?.close()
  await proxy?.close()
})

const intent = (requestId: string) => calls.intent(requestId)
const outcome = (requestId: string) => calls.outcome(requestId)
const reasonsOf = (requestId: string) => calls.reasonsOf(requestId)

/** Written, though the answer never comes. */
async function unheard(event: AuditEvent): Promise<void> {
  await proxy.set('mute')
  const recorded = server.audit.record(event)
  await expect(recorded).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
  await proxy.set('reset')
  await proxy.set('pass')
  await until(() =>
    server.accounts.list(acme).then(
      () => true,
      () => false,
    ),
  )
}

describe('where the answer to a commit is lost', () => {
  it('an intent is on record once, and is unknown: its caller was told of a failure', async () => {
    await unheard(intent('unheard'))
    expect(await reasonsOf('unheard')).toEqual([null])
    // By itself, though nobody calls any more.
    await until(async () => (await reasonsOf('unheard')).length > 1)
    expect(await reasonsOf('unheard')).toEqual([null, 'unknown'])
  })

  it('an outcome that is kept is not written twice, nor the intent of what goes on all the same', async () => {
    const [began, ended] = [intent('goes on'), outcome('goes on')]
    await unheard(began)
    server.audit.retain(began)
    await server.audit.flush()
    await unheard(ended)
    server.audit.retain(ended)
    await server.audit.flush()
    expect(await reasonsOf('goes on')).toEqual([null, 'succeeded'])
  })
})

describe('what was counted and is in doubt', () => {
  it('is not counted on, and so stands once', async () => {
    const list: AuditEvent = { type: 'list.served', tenant: acme, requestId: 'counted' }
    await proxy.set('mute')
    server.audit.count(list)
    await expect(server.audit.flush()).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    server.audit.count({ ...list })
    await proxy.set('reset')
    await proxy.set('pass')
    await until(() =>
      server.audit.flush().then(
        () => true,
        () => false,
      ),
    )
    const counted = `select sum(count)::int as lists from audit_event where request_id = 'counted'`
    expect(await test.tenantSql(acme, counted)).toEqual([{ lists: 2 }])
  })
})

describe('where another process has settled the chain meanwhile', () => {
  it('what was not written is written all the same, and calls go on', async () => {
    await server.audit.record(intent('cut off'))
    const chain = `select chain from audit_event where request_id = 'cut off'`
    await proxy.set('reset')
    const denied: AuditEvent = { type: 'operation.denied', tenant: acme, requestId: 'denied meanwhile' }
    await expect(server.audit.record(denied)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    server.audit.retain(denied)
    await test.tenantSql(
      acme,
      `update audit_chain set held_until = clock_timestamp() - interval '1 s' where name = (${chain} limit 1)`,
    )
    await until(async () => {
      await test.postgres.audit.settle(acme)
      return (await reasonsOf('cut off')).length > 1
    })
    await proxy.set('pass')
    await until(() =>
      server.audit.flush().then(
        () => true,
        () => false,
      ),
    )
    expect(await reasonsOf('denied meanwhile')).toEqual([null])
    await server.audit.record(intent('goes on behind'))
    await server.audit.record(outcome('goes on behind'))
    expect(await reasonsOf('cut off')).toEqual([null, 'unknown'])
    const query = `select distinct chain from audit_event where request_id in ('cut off', 'goes on behind')`
    expect(await test.tenantSql(acme, query)).toHaveLength(1)
  })
})

describe('a statement that arrives after it was given up', () => {
  it('adds nothing, however late', async () => {
    await server.audit.record(intent('late'))
    await proxy.set({ latency: 1_500 })
    const given = server.audit.record(intent('given up'))
    await expect(given).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await proxy.set('pass')
    await server.audit.record(outcome('late'))
    await pause(1_000)
    await server.audit.flush()
    expect(await reasonsOf('given up')).toEqual([])
    expect(await reasonsOf('late')).toEqual([null, 'succeeded'])
  })
})

describe('a chain whose row somebody holds', () => {
  it('is waited for, and not left for another one while its calls are running', async () => {
    await server.audit.record(intent('running'))
    const database = await databaseName()
    const held = await holdRows(test.connection, database, `select from audit_chain where kind = 'server' for update`)
    await expect(server.audit.record(intent('refused'))).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await held.release()
    await server.audit.record(outcome('running'))
    const chains = await test.tenantSql(acme, `select distinct chain from audit_event where request_id = 'running'`)
    expect(chains).toHaveLength(1)
    expect(await reasonsOf('refused')).toEqual([])
  })

  it('holds up no change of somebody else: that has a chain of its own', async () => {
    const wish = { kind: 'name', category: 'roles', presence: 'present' } as const
    const { tenantAdministration } = test.postgres
    await tenantAdministration.apply(acme, [{ ...wish, name: 'one' }], 'cli:test')
    const held = await holdRows(
      test.connection,
      await databaseName(),
      `select from audit_chain where kind = 'changes' for update`,
    )
    await tenantAdministration.apply(acme, [{ ...wish, name: 'other' }], 'cli:test')
    await held.release()
    const query = `select distinct chain from audit_event where reason = 'role_added'`
    expect(await test.tenantSql(acme, query)).toHaveLength(2)
    await tenantAdministration.apply(acme, [{ ...wish, name: 'third' }], 'cli:test')
    expect(await test.tenantSql(acme, query)).toHaveLength(2)
  })
})

async function databaseName(): Promise<string> {
  const [row] = await test.sql('select database_name from tenant where id = $1', [acme.id])
  return String(row?.['database_name'])
}
