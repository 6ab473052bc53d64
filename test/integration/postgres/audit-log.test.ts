import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

let test: TestPostgres
let acme: Tenant
let globex: Tenant

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await test.postgres.provisioner.createTenant({ slug: 'globex', name: 'Globex' })
})
afterAll(() => test?.close())

const columns = 'type, issuer, subject, client_id, request_id, operation, reason, detail, count'

async function rowsOf(tenant: Tenant, requestId: string) {
  return test.tenantSql(tenant, `select ${columns} from audit_event where request_id = $1 order by id`, [requestId])
}

describe('record', () => {
  it("has committed every field to the tenant's database once it resolves, with the time of the database", async () => {
    await test.postgres.audit.record({
      type: 'operation.allowed',
      tenant: acme,
      issuer: 'https://issuer.example',
      subject: 'ann',
      clientId: 'client',
      requestId: 'full',
      operation: 'deploy',
      reason: 'succeeded',
      detail: { via: ['roles:admin', 'scopes:write'], milliseconds: 3, note: 'ok' },
    })
    expect(await rowsOf(acme, 'full')).toEqual([
      {
        type: 'operation.allowed',
        issuer: 'https://issuer.example',
        subject: 'ann',
        client_id: 'client',
        request_id: 'full',
        operation: 'deploy',
        reason: 'succeeded',
        detail: { via: ['roles:admin', 'scopes:write'], milliseconds: 3, note: 'ok' },
        count: 1,
      },
    ])
    const [age] = await test.tenantSql(
      acme,
      `select clock_timestamp() - at between interval '0' and interval '1 minute' as recent from audit_event where request_id = 'full'`,
    )
    expect(age).toEqual({ recent: true })
    expect(await rowsOf(globex, 'full')).toEqual([])
  })

  it('is no failure where only whoever hears of it fails: that is in the log', async () => {
    const lines: unknown[] = []
    const log = { write: (level: string, message: string) => void lines.push([level, message]) }
    const onEvent = (): never => {
      throw new TypeError('deaf')
    }
    const deaf = await test.reopen({ log, onEvent })
    await deaf.audit.record({ type: 'operation.allowed', tenant: acme, requestId: 'unheard of' })
    deaf.audit.count({ type: 'list.served', tenant: acme, requestId: 'unheard of' })
    deaf.audit.retain({ type: 'operation.outcome', tenant: acme, requestId: 'unheard of' })
    await deaf.close()
    expect(await rowsOf(acme, 'unheard of')).toHaveLength(3)
    expect(lines).toEqual([1, 2, 3].map(() => ['error', 'who hears of audit events has failed']))
  })

  it('goes to master while the tenant is not known', async () => {
    await test.postgres.audit.record({ type: 'token.refused', tenant: undefined, requestId: 'nobody' })
    expect(await test.sql(`select type, subject from audit_event where request_id = 'nobody'`)).toEqual([
      { type: 'token.refused', subject: null },
    ])
    expect(await rowsOf(acme, 'nobody')).toEqual([])
  })

  it('writes 2000 concurrent events of two tenants, each once and in order, in far fewer commits', async () => {
    const commits = await commitsOf(acme)
    const events = Array.from({ length: 2000 }, (_, index): AuditEvent => {
      return {
        type: 'operation.allowed',
        tenant: index % 2 ? globex : acme,
        requestId: 'many',
        operation: String(index),
      }
    })
    await Promise.all(events.map((event) => test.postgres.audit.record(event)))
    const operations = async (tenant: Tenant) => (await rowsOf(tenant, 'many')).map((row) => Number(row['operation']))
    expect(await operations(acme)).toEqual(Array.from({ length: 1000 }, (_, index) => index * 2))
    expect(await operations(globex)).toEqual(Array.from({ length: 1000 }, (_, index) => index * 2 + 1))
    expect((await commitsOf(acme)) - commits).toBeLessThan(50)
  })

  it.each([
    ['NUL', 'a\0b', 'a\ufffdb'],
    ['a lone surrogate', 'a\ud800', 'a\ufffd'],
    ['quotes and SQL', `'; drop table audit_event; --`, `'; drop table audit_event; --`],
    ['a character outside the basic plane', '\u{1f600}', '\u{1f600}'],
    ['more than 1024 characters', 'x'.repeat(5000), 'x'.repeat(1024)],
  ])('writes what callers sent, be it %s', async (what, sent, kept) => {
    const event: AuditEvent = { type: 'operation.denied', tenant: acme, requestId: what }
    await test.postgres.audit.record({ ...event, operation: sent, subject: sent, detail: { missing: [sent] } })
    expect(await rowsOf(acme, what)).toMatchObject([{ operation: kept, subject: kept, detail: { missing: [kept] } }])
  })

  it('throws an outage when the row cannot be written, and writes again afterwards', async () => {
    const event: AuditEvent = { type: 'operation.allowed', tenant: acme, requestId: 'broken' }
    await test.tenantSql(acme, 'alter table audit_event rename to hidden')
    const refused = test.postgres.audit.record(event)
    await expect(refused).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE', retryable: true })
    await expect(test.postgres.audit.record({ ...event, tenant: globex })).resolves.toBeUndefined()
    await test.tenantSql(acme, 'alter table hidden rename to audit_event')
    await test.postgres.audit.record({ ...event, requestId: 'mended' })
    expect(await rowsOf(acme, 'broken')).toEqual([])
    expect(await rowsOf(acme, 'mended')).toHaveLength(1)
  })

  it('throws an outage, and not later than the bound, while the table is locked', async () => {
    const patient = await test.reopen({ limits: { times: { ...quick, statement: 300, query: 600 } } })
    const locked = test.tenantSql(
      acme,
      `begin; lock table audit_event in access exclusive mode; select pg_sleep(2); commit`,
    )
    await lockHeld()
    const started = performance.now()
    await expect(
      patient.audit.record({ type: 'operation.allowed', tenant: acme, requestId: 'locked' }),
    ).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(performance.now() - started).toBeLessThan(1500)
    await locked
    expect(await rowsOf(acme, 'locked')).toEqual([])
  })

  it('throws an outage while the database is read-only', async () => {
    const tenant = await test.postgres.provisioner.createTenant({ slug: 'read-only', name: 'Read-only' })
    const [row] = await test.sql('select database_name from tenant where id = $1', [tenant.id])
    await test.databaseSql(
      'postgres',
      `alter database ${String(row?.['database_name'])} set default_transaction_read_only = on`,
    )
    expect(await test.postgres.accounts.list(tenant)).toEqual([])
    await expect(
      test.postgres.audit.record({ type: 'operation.allowed', tenant, requestId: 'read-only' }),
    ).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
  })

  it('refuses after close, without losing what was on its way', async () => {
    const closing = await test.reopen()
    const events = Array.from({ length: 100 }, (_, index): AuditEvent => {
      return { type: 'operation.allowed', tenant: acme, requestId: 'closing', operation: String(index) }
    })
    const written = events.map((event) => closing.audit.record(event))
    closing.audit.count({ type: 'list.served', tenant: acme, requestId: 'counted at close' })
    await closing.close()
    await Promise.all(written)
    expect(await rowsOf(acme, 'closing')).toHaveLength(100)
    expect(await rowsOf(acme, 'counted at close')).toHaveLength(1)
    await expect(closing.audit.record({ type: 'list.served', tenant: acme, requestId: 'late' })).rejects.toMatchObject({
      code: 'ERR_SHUTTING_DOWN',
    })
  })
})

describe('retain', () => {
  const outcome = (requestId: string, operation = 'deploy'): AuditEvent => {
    return { type: 'operation.outcome', tenant: acme, requestId, operation, reason: 'succeeded' }
  }

  it('writes, when the lock on the table is gone and by itself, the outcome that could not be recorded', async () => {
    const impatient = await test.reopen({ limits: { times: { ...quick, statement: 300, query: 600 } } })
    const locked = test.tenantSql(
      acme,
      `begin; lock table audit_event in access exclusive mode; select pg_sleep(2); commit`,
    )
    await lockHeld()
    await expect(impatient.audit.record(outcome('late'))).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    impatient.audit.retain(outcome('late'))
    await locked
    await until(async () => (await rowsOf(acme, 'late')).length > 0)
    expect(await rowsOf(acme, 'late')).toMatchObject([{ type: 'operation.outcome', reason: 'succeeded', count: 1 }])
    await impatient.audit.flush()
    expect(await rowsOf(acme, 'late')).toHaveLength(1)
  })

  it('keeps every event and their order until they are written', async () => {
    const { audit } = test.postgres
    await test.tenantSql(acme, 'alter table audit_event rename to hidden')
    for (const operation of ['1', '2', '3']) audit.retain(outcome('in order', operation))
    await expect(audit.flush()).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    audit.retain({ ...outcome('in order'), tenant: globex })
    await test.tenantSql(acme, 'alter table hidden rename to audit_event')
    audit.retain(outcome('in order', '3'))
    await audit.flush()
    expect((await rowsOf(acme, 'in order')).map((row) => row['operation'])).toEqual(['1', '2', '3', '3'])
    expect(await rowsOf(globex, 'in order')).toHaveLength(1)
  })

  it('writes what is kept at close, and tells the log of what cannot be written any more', async () => {
    const lines: unknown[] = []
    const log = { write: (...line: readonly unknown[]) => void lines.push(line) }
    const closing = await test.reopen({ log })
    closing.audit.retain(outcome('at close'))
    await closing.close()
    expect(await rowsOf(acme, 'at close')).toHaveLength(1)
    expect(lines).toEqual([])
    closing.audit.retain(outcome('after close'))
    const broken = await test.reopen({ log })
    await test.tenantSql(acme, 'alter table audit_event rename to hidden')
    await test.tenantSql(acme, 'alter table audit_outbox rename to hidden_outbox')
    broken.audit.retain(outcome('never'))
    await expect(broken.close()).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await test.tenantSql(acme, 'alter table hidden rename to audit_event')
    await test.tenantSql(acme, 'alter table hidden_outbox rename to audit_outbox')
    const lost = { tenants: ['acme'], types: ['operation.outcome'] }
    expect(lines).toEqual([
      ['error', 'audit events are lost', { count: 1, ...lost, requestIds: ['after close'] }],
      ['error', 'audit events are lost', { count: 1, ...lost, requestIds: ['never'] }],
    ])
  })
})

describe('count', () => {
  it('makes one row of equal events, exactly counted, on flush', async () => {
    const event: AuditEvent = { type: 'list.served', tenant: acme, subject: 'ann', requestId: 'list' }
    for (let index = 0; index < 1234; index += 1) test.postgres.audit.count(event)
    test.postgres.audit.count({ ...event, subject: 'bob' })
    test.postgres.audit.count({ ...event, tenant: globex })
    await test.postgres.audit.flush()
    expect(await rowsOf(acme, 'list')).toMatchObject([
      { subject: 'ann', count: 1234 },
      { subject: 'bob', count: 1 },
    ])
    expect(await rowsOf(globex, 'list')).toMatchObject([{ subject: 'ann', count: 1 }])
  })

  it('writes within about a second by itself', async () => {
    test.postgres.audit.count({ type: 'list.served', tenant: acme, requestId: 'by itself' })
    const deadline = performance.now() + 5000
    while ((await rowsOf(acme, 'by itself')).length === 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(await rowsOf(acme, 'by itself')).toMatchObject([{ count: 1 }])
  })

  it('keeps what cannot be written and counts on', async () => {
    const event: AuditEvent = { type: 'list.served', tenant: acme, requestId: 'kept' }
    await test.tenantSql(acme, 'alter table audit_event rename to hidden')
    for (let index = 0; index < 10; index += 1) test.postgres.audit.count(event)
    await expect(test.postgres.audit.flush()).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await test.tenantSql(acme, 'alter table hidden rename to audit_event')
    for (let index = 0; index < 5; index += 1) test.postgres.audit.count(event)
    await test.postgres.audit.flush()
    expect(await rowsOf(acme, 'kept')).toMatchObject([{ count: 15 }])
  })
})

const quick = { connect: 1000, wait: 1000, idle: 30_000 }

async function lockHeld(): Promise<void> {
  for (;;) {
    const held = await test.tenantSql(
      acme,
      `select 1 from pg_locks where relation = 'audit_event'::regclass and mode = 'AccessExclusiveLock' and granted`,
    )
    if (held.length > 0) return
  }
}

/** How many transactions wrote the tenant's rows so far. */
async function commitsOf(tenant: Tenant): Promise<number> {
  const [row] = await test.tenantSql(tenant, 'select count(distinct xmin::text) as commits from audit_event')
  return Number(row?.['commits'])
}
