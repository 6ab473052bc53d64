import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import type { FaultProxy } from '../../support/fault-proxy.js'
import { holdRows, type HeldRows } from '../../support/hold-rows.js'
import { recordCalls, type KeptTrail } from '../../support/kept-trail.js'
import type { TestPostgres } from '../../support/postgres.js'
import { ProxiedTrails, shortTimes } from '../../support/proxied-trails.js'
import type { RecordedCalls } from '../../support/recorded-calls.js'
import { until } from '../../support/until.js'

let trails: ProxiedTrails
let test: TestPostgres
let proxy: FaultProxy
let tenant: RegisteredTenant
let calls: RecordedCalls
let trail: KeptTrail
let server: Postgres

beforeAll(async () => {
  trails = await ProxiedTrails.open()
  ;({ proxy, test } = trails)
})
afterAll(() => trails?.close())
beforeEach(async () => {
  ;({ calls, server, tenant, trail } = await trails.next())
})

const hold = (query: string): Promise<HeldRows> => holdRows(test.connection, tenant.database, query)
const lockTrail = () => hold('lock table audit_event in access exclusive mode')
const lockChains = () => hold(`select from audit_chain where kind = 'server' for update`)
const waiting = async () =>
  Number((await test.tenantSql(tenant, 'select count(*)::int as n from audit_outbox'))[0]?.['n'])
const faults = async () => (await trail.verify()).faults

describe('an outcome that was sent, and of which a process that ends has not heard', () => {
  it('joins the trail once where it had arrived', async () => {
    await server.audit.record(calls.intent('call'))
    await proxy.set('mute')
    const ended = calls.outcome('call')
    await expect(server.audit.record(ended)).rejects.toThrow()
    server.audit.retain(ended)
    await proxy.set('reset')
    await proxy.set('pass')
    const held = await lockChains()
    await server.close()
    await held.release()
    expect(await waiting()).toBe(1)
    await calls.leaseEnds()
    await test.postgres.audit.settle(tenant)
    expect(await waiting()).toBe(0)
    expect(await calls.reasonsOf('call')).toEqual([null, 'succeeded'])
    expect(await faults()).toEqual([])
  })

  it('joins the trail once where it had not', async () => {
    await server.audit.record(calls.intent('call'))
    const held = await lockChains()
    const ended = calls.outcome('call')
    await expect(server.audit.record(ended)).rejects.toThrow()
    server.audit.retain(ended)
    await server.close()
    await held.release()
    expect(await waiting()).toBe(1)
    await calls.leaseEnds()
    await test.postgres.audit.settle(tenant)
    expect(await calls.reasonsOf('call')).toEqual([null, 'succeeded'])
  })
})

it('a call whose outcome is put aside while another process settles is not unknown', async () => {
  const dead = await test.reopen()
  await dead.audit.record(calls.intent('dead'))
  await calls.leaseEnds()
  await server.audit.record(calls.intent('call'))
  const settler = await test.reopen({ limits: { times: { ...shortTimes, statement: 20_000, query: 25_000 } } })
  const held = await lockTrail()
  const settling = settler.audit.settle(tenant)
  const waits = `select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' and query ilike '%audit_unsettled%'`
  await until(async () => (await test.sql(waits, [tenant.database])).length > 0)
  const ended = calls.outcome('call')
  await expect(server.audit.record(ended)).rejects.toThrow()
  server.audit.retain(ended)
  await server.close()
  await held.release()
  await settling
  await settler.audit.settle(tenant)
  expect(await calls.reasonsOf('dead')).toEqual([null, 'unknown'])
  expect(await calls.reasonsOf('call')).toEqual([null, 'succeeded'])
})

describe('the intent of a call that went on without the trail', () => {
  it('is unknown where its process ended before it knew more', async () => {
    const held = await lockTrail()
    const began = calls.intent('revoking')
    await expect(server.audit.record(began)).rejects.toThrow()
    server.audit.retain(began)
    await server.close()
    await held.release()
    await test.postgres.audit.settle(tenant)
    expect(await calls.reasonsOf('revoking')).toEqual([null, 'unknown'])
    await test.postgres.audit.settle(tenant)
    expect(await calls.reasonsOf('revoking')).toEqual([null, 'unknown'])
  })

  it('has its outcome where both are put aside', async () => {
    const held = await lockTrail()
    for (const event of [calls.intent('revoking'), calls.outcome('revoking')]) {
      await expect(server.audit.record(event)).rejects.toThrow()
      server.audit.retain(event)
    }
    await server.close()
    await held.release()
    await test.postgres.audit.settle(tenant)
    expect(await calls.reasonsOf('revoking')).toEqual([null, 'succeeded'])
  })

  it('leaves nothing open where its outcome is on record before it', async () => {
    const held = await lockTrail()
    const began = calls.intent('revoking')
    await expect(server.audit.record(began)).rejects.toThrow()
    server.audit.retain(began)
    await held.release()
    await server.audit.record(calls.outcome('revoking'))
    await server.audit.flush()
    await recordCalls(server.audit, tenant, ['one', 'two'], 'all done')
    expect(await calls.reasonsOf('revoking')).toEqual(['succeeded', null])
    const chains = await test.tenantSql(
      tenant,
      `select (sequence - settled)::int as open from audit_chain where kind = 'server'`,
    )
    expect(chains).toEqual([{ open: 0 }])
    await server.close()
  })
})
