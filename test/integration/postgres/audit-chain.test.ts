import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import type { Log } from '../../../src/core/runtime/log.js'
import { checkTrail } from '../../support/audit-check.js'
import { holdRows } from '../../support/hold-rows.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

let test: TestPostgres
let acme: Tenant

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
})
afterAll(() => test?.close())

const intent = (requestId: string): AuditEvent => {
  return {
    type: 'operation.allowed',
    tenant: acme,
    requestId,
    intentId: requestId,
    operation: 'deploy',
    subject: 'ann',
  }
}
const outcome = (requestId: string): AuditEvent => {
  return { ...intent(requestId), type: 'operation.outcome', reason: 'succeeded' }
}

async function rowsOf(requestId: string) {
  const columns = 'type, reason, subject, chain, sequence::int as sequence'
  return test.tenantSql(acme, `select ${columns} from audit_event where request_id = $1 order by id`, [requestId])
}

/** As if its process had been gone for a while. */
async function abandon(): Promise<void> {
  await test.tenantSql(
    acme,
    `update audit_chain set held_until = clock_timestamp() - interval '1 s' where holder is not null`,
  )
}

describe('a chain', () => {
  it('has every row of its process, without a gap, and its end where the last of them is', async () => {
    const requests = Array.from({ length: 300 }, (_, index) => `row ${index}`)
    await Promise.all(requests.map((request) => test.postgres.audit.record(intent(request))))
    await Promise.all(requests.map((request) => test.postgres.audit.record(outcome(request))))
    const [held, ...others] = await test.tenantSql(
      acme,
      `select c.sequence::int as end, c.settled::int as settled, count(*)::int as rows, max(e.sequence)::int as last,
        bool_and(e.mac is not null) as sealed
      from audit_chain c join audit_event e on e.chain = c.name where c.kind = 'server' group by c.name, c.sequence, c.settled`,
    )
    expect(others).toEqual([])
    expect(held).toEqual({ end: 600, settled: 600, rows: 600, last: 600, sealed: true })
  })

  it('is one of its own in each process, whoever writes at the same time', async () => {
    const replicas = await Promise.all([test.reopen(), test.reopen()])
    await Promise.all([test.postgres, ...replicas].map(({ audit }) => audit.record(outcome('three replicas'))))
    const rows = await rowsOf('three replicas')
    expect(new Set(rows.map((row) => row['chain'])).size).toBe(3)
    for (const replica of replicas) await replica.close()
    const next = await test.reopen()
    await next.audit.record(outcome('one of them again'))
    const [again] = await rowsOf('one of them again')
    expect(rows.map((row) => row['chain'])).toContain(again?.['chain'])
    expect(again).toMatchObject({ sequence: 2 })
    await next.close()
  })

  it('takes rows of changes by the transaction that makes them, and none where it is undone', async () => {
    const wish = { kind: 'name', category: 'roles', name: 'auditor', presence: 'present' } as const
    await test.postgres.tenantAdministration.apply(acme, [wish], 'cli:test')
    const rows = async () =>
      test.tenantSql(
        acme,
        `select e.sequence::int as sequence, c.sequence::int as end from audit_event e
        join audit_chain c on c.name = e.chain where c.kind = 'changes' order by e.sequence`,
      )
    expect(await rows()).toEqual([{ sequence: 1, end: 1 }])
    await test.tenantSql(acme, 'alter table audit_event add constraint none check (type is null) not valid')
    await expect(
      test.postgres.tenantAdministration.apply(acme, [{ ...wish, name: 'other' }], 'cli:test'),
    ).rejects.toThrow()
    await test.tenantSql(acme, 'alter table audit_event drop constraint none')
    expect(await rows()).toEqual([{ sequence: 1, end: 1 }])
    expect(await test.tenantSql(acme, `select name from role where name = 'other'`)).toEqual([])
  })
})

describe('a chain of changes', () => {
  it('takes more rows in one transaction than a statement has', async () => {
    const wishes = Array.from({ length: 1_200 }, (_, index) => {
      return { kind: 'name', category: 'roles', name: `role ${index}`, presence: 'present' } as const
    })
    await test.postgres.tenantAdministration.apply(acme, wishes, 'cli:test')
    const rows = await test.tenantSql(acme, `select from audit_event where detail->>'name' like 'role %'`)
    expect(rows).toHaveLength(1_200)
    expect((await checkTrail(test, acme)).faults).toEqual([])
  })
})

describe('an intent', () => {
  it('without an outcome becomes unknown when its process is gone, once, and another one goes on with its chain', async () => {
    const dead = await test.reopen()
    await dead.audit.record(intent('orphan'))
    await dead.audit.record(intent('told'))
    await dead.audit.record(outcome('told'))
    await abandon()
    const [one, two] = await Promise.all([test.postgres.audit.settle(acme), (await test.reopen()).audit.settle(acme)])
    expect(one + two).toBe(1)
    expect((await rowsOf('orphan')).map(({ type, reason, subject }) => [type, reason, subject])).toEqual([
      ['operation.allowed', null, 'ann'],
      ['operation.outcome', 'unknown', 'ann'],
    ])
    expect(await rowsOf('told')).toHaveLength(2)
    expect(await test.postgres.audit.settle(acme)).toBe(0)
  })

  it('of a process that lives stays open, however long it takes', async () => {
    const { audit } = test.postgres
    await audit.record(intent('slow'))
    expect(await test.postgres.audit.settle(acme)).toBe(0)
    expect(await (await test.reopen()).audit.settle(acme)).toBe(0)
    await audit.record(outcome('slow'))
    expect((await rowsOf('slow')).map(({ reason }) => reason)).toEqual([null, 'succeeded'])
  })
})

describe('what takes rights away', () => {
  const account = { email: 'ann@example.com' }

  it('is done while the trail is locked, with its row beside the trail until it takes it', async () => {
    const { tenantAdministration } = test.postgres
    const put = { kind: 'account', presence: 'present', email: account.email } as const
    await tenantAdministration.apply(acme, [put], 'cli:test')
    const locked = await holdRows(
      test.connection,
      await databaseName(),
      'lock table audit_event in access exclusive mode',
    )
    await tenantAdministration.apply(acme, [{ ...put, status: 'disabled' }], 'cli:test')
    const state = `select disabled_at is not null as disabled from account where email = $1`
    expect(await test.tenantSql(acme, state, [account.email])).toEqual([{ disabled: true }])
    await expect(tenantAdministration.apply(acme, [{ ...put, status: 'active' }], 'cli:test')).rejects.toThrow()
    expect(await test.tenantSql(acme, state, [account.email])).toEqual([{ disabled: true }])
    expect(await test.tenantSql(acme, 'select count(*)::int as rows from audit_outbox')).toEqual([{ rows: 1 }])
    await locked.release()
    // By a running server too, which may have been quicker.
    await test.postgres.audit.settle(acme)
    const rows = await test.tenantSql(
      acme,
      `select reason, detail->'after' as after from audit_event where reason = 'account_changed'`,
    )
    expect(rows).toEqual([{ reason: 'account_changed', after: ['disabled'] }])
    expect(await test.tenantSql(acme, 'select count(*)::int as rows from audit_outbox')).toEqual([{ rows: 0 }])
  })
})

describe('what waits beside the trail', () => {
  const locked = async () =>
    holdRows(test.connection, await databaseName(), 'lock table audit_event in access exclusive mode')
  const outbox = () => test.tenantSql(acme, 'select count(*)::int as rows from audit_outbox')

  it('is all that a process has left to write when it ends, and joins the trail once that is back', async () => {
    const times = { connect: 1000, wait: 1000, idle: 30_000, statement: 300, query: 600 }
    const ending = await test.reopen({ limits: { times } })
    await ending.audit.record(intent('ending'))
    const held = await locked()
    const last = outcome('ending')
    await expect(ending.audit.record(last)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    ending.audit.retain(last)
    for (let index = 0; index < 3; index += 1)
      ending.audit.count({ type: 'list.served', tenant: acme, requestId: 'list' })
    await ending.close()
    expect(await outbox()).toEqual([{ rows: 2 }])
    await held.release()
    await abandon()
    await test.postgres.audit.settle(acme)
    expect((await rowsOf('ending')).map(({ reason }) => reason)).toEqual([null, 'succeeded'])
    const lists = `select sum(count)::int as lists from audit_event where type = 'list.served'`
    expect(await test.tenantSql(acme, lists)).toEqual([{ lists: 3 }])
    expect(await outbox()).toEqual([{ rows: 0 }])
  })

  it('is in the trail that an export takes along, for in another database it would be a stranger’s', async () => {
    const tenant = await test.postgres.tenantDirectory.find('acme')
    if (tenant === undefined) throw new TypeError('there is no acme')
    const put = { kind: 'account', presence: 'present', email: 'bob@example.com' } as const
    await test.postgres.tenantAdministration.apply(acme, [put], 'cli:test')
    const held = await locked()
    await test.postgres.tenantAdministration.apply(acme, [{ ...put, status: 'disabled' }], 'cli:test')
    await held.release()
    const lines: string[] = []
    await test.postgres.tenantDirectory.export(tenant, async (line) => void lines.push(line))
    expect(lines.filter((line) => line.startsWith('["audit_outbox"'))).toEqual([])
    expect(lines.filter((line) => line.includes('bob@example.com') && line.includes('["disabled"]'))).toHaveLength(1)
  })

  it('joins the trail once, with the time of what it tells, though somebody puts a copy of it back', async () => {
    const put = { kind: 'account', presence: 'present', email: 'eve@example.com' } as const
    await test.postgres.tenantAdministration.apply(acme, [put], 'cli:test')
    const held = await locked()
    await test.postgres.tenantAdministration.apply(acme, [{ ...put, status: 'disabled' }], 'cli:test')
    const copies = await test.tenantSql(acme, 'select row, mac from audit_outbox')
    await held.release()
    await test.postgres.audit.settle(acme)
    for (const { mac, row } of [...copies, ...copies])
      await test.tenantSql(acme, 'insert into audit_outbox (row, mac) values ($1, $2)', [row, mac])
    await test.postgres.audit.settle(acme)
    const rows = await test.tenantSql(
      acme,
      `select reason, (detail->>'kept')::timestamptz <= at as kept from audit_event
      where personal->>'account' = $1 and detail->'after' ? 'disabled' or detail->>'row' like '%eve@example.com%' order by id`,
      [put.email],
    )
    expect(rows).toEqual([
      { reason: 'account_changed', kept: true },
      ...[1, 2].map(() => ({ reason: 'outbox_changed', kept: null })),
    ])
  })

  it('is on record as the words of somebody else where that is not ours, and keeps nothing of ours away', async () => {
    const strange = [
      'no JSON',
      '{"type":"signin.completed","request_id":"\\u0000","count":"many","detail":7}',
      'x'.repeat(5_000),
    ]
    for (const row of strange)
      await test.tenantSql(acme, `insert into audit_outbox (row, mac) values ($1, '\\x00')`, [row])
    await test.postgres.audit.settle(acme)
    const query = `select type, detail->>'row' as row from audit_event where reason = 'outbox_changed' and detail->>'row' not like '%eve@example.com%' order by id`
    expect(await test.tenantSql(acme, query)).toEqual(
      strange.map((row) => ({ type: 'audit.maintained', row: row.slice(0, 1024) })),
    )
    expect(await outbox()).toEqual([{ rows: 0 }])
    expect((await checkTrail(test, acme)).faults).toEqual([])
  })
})

describe('a chain that somebody has broken', () => {
  const chainOf = async (requestId: string) => (await rowsOf(requestId))[0]?.['chain']
  const plant = (chain: unknown) =>
    test.tenantSql(
      acme,
      `insert into audit_event (type, request_id, chain, sequence, mac)
      select 'list.served', 'planted', name, sequence + 1, '' from audit_chain where name = $1`,
      [chain],
    )

  it('is given up, once with a word in the log, and calls and changes go on with another one', async () => {
    const logged: unknown[] = []
    const log: Log = { write: (level, _message, facts) => void (level === 'error' && logged.push(facts?.['chain'])) }
    const server = await test.reopen({ log })
    await server.audit.record(outcome('before'))
    const first = await chainOf('before')
    await plant(first)
    await server.audit.record(outcome('planted before it'))
    const second = await chainOf('planted before it')
    await test.tenantSql(acme, 'update audit_chain set sequence = 9007199254740991 where name = $1', [second])
    await server.audit.record(outcome('at its largest number'))
    expect(new Set([first, second, await chainOf('at its largest number')]).size).toBe(3)

    const changes = await test.tenantSql(acme, `select name from audit_chain where kind = 'changes'`)
    for (const { name } of changes) await plant(name)
    const wish = { kind: 'name', category: 'roles', presence: 'present' } as const
    await server.tenantAdministration.apply(acme, [{ ...wish, name: 'first after' }], 'cli:test')
    await server.tenantAdministration.apply(acme, [{ ...wish, name: 'second after' }], 'cli:test')
    const names = changes.map(({ name }) => name)
    expect(logged.slice(0, 2)).toEqual([first, second])
    // There may be several chains of changes, and each of them that is met is given up.
    expect(logged.length).toBeGreaterThan(2)
    for (const name of logged.slice(2)) expect(names).toContain(name)
    await server.close()
  })

  it('keeps no other from being settled, and what is left in it becomes unknown in another', async () => {
    const [one, two] = [await test.reopen(), await test.reopen()]
    await one.audit.record(intent('in a broken one'))
    await two.audit.record(intent('in a whole one'))
    const chain = await chainOf('in a broken one')
    await plant(chain)
    await abandon()
    const other = await test.reopen()
    await other.audit.settle(acme)
    expect((await rowsOf('in a whole one')).map(({ reason }) => reason)).toEqual([null, 'unknown'])
    const left = await rowsOf('in a broken one')
    expect(left.map(({ reason }) => reason)).toEqual([null, 'unknown'])
    expect(left[1]?.['chain']).not.toBe(chain)
    expect(await other.audit.settle(acme)).toBe(0)
    expect(await unsettled()).toEqual([])
    await Promise.all([one, two, other].map((server) => server.close()))
  })

  it('is its process’s while calls run that began in it, wherever it ends', async () => {
    const [one, other] = [await test.reopen(), await test.reopen()]
    for (const name of ['ends', 'never ends']) await one.audit.record(intent(`${name} in a broken one`))
    const chain = await chainOf('ends in a broken one')
    await test.tenantSql(acme, 'update audit_chain set sequence = 9007199254740991 where name = $1', [chain])
    await one.audit.record(outcome('ends in a broken one'))
    await other.audit.settle(acme)
    expect((await rowsOf('ends in a broken one')).map(({ reason }) => reason)).toEqual([null, 'succeeded'])
    expect(await rowsOf('never ends in a broken one')).toHaveLength(1)
    const isHeld = async (): Promise<boolean> => {
      const held = 'select from audit_chain where name = $1 and held_until > clock_timestamp()'
      return (await test.tenantSql(acme, held, [chain])).length === 1
    }
    await abandon()
    await until(isHeld)
    await one.close()
    await other.audit.settle(acme)
    expect((await rowsOf('ends in a broken one')).map(({ reason }) => reason)).toEqual([null, 'succeeded'])
    expect((await rowsOf('never ends in a broken one')).map(({ reason }) => reason)).toEqual([null, 'unknown'])
    expect(await unsettled()).toEqual([])
    await other.close()
  })
})

async function recordAll(
  server: Postgres,
  count: number,
  event: Pick<AuditEvent, 'requestId' | 'type'>,
): Promise<void> {
  const record = (_: unknown, number: number) =>
    server.audit.record({ ...event, tenant: acme, intentId: String(number) })
  await Promise.all(Array.from({ length: count }, record))
}

describe('a call that takes hours on a busy tenant', () => {
  it('becomes unknown however much has come behind it, and so does the last one', async () => {
    const server = await test.reopen()
    await server.audit.record(intent('first of many'))
    for (let round = 0; round < 5; round += 1)
      await recordAll(server, 5_000, { type: 'list.served', requestId: 'of many' })
    await recordAll(server, 1_200, { type: 'operation.allowed', requestId: 'last of many' })
    await abandon()
    expect(await test.postgres.audit.settle(acme)).toBe(1201)
    expect((await rowsOf('first of many')).map(({ reason }) => reason)).toEqual([null, 'unknown'])
    expect(await rowsOf('last of many')).toHaveLength(2400)
    expect(await unsettled()).toEqual([])
    await server.close()
  })

  it('ends by no outcome that is in no chain of ours', async () => {
    const server = await test.reopen()
    await server.audit.record(intent('said to have ended'))
    await test.tenantSql(
      acme,
      `insert into audit_event (type, request_id, intent_id) values ('operation.outcome', $1, $1)`,
      ['said to have ended'],
    )
    await abandon()
    await test.postgres.audit.settle(acme)
    expect((await rowsOf('said to have ended')).map(({ reason }) => reason)).toEqual([null, null, 'unknown'])
    await server.close()
  })
})

describe('a span of time', () => {
  it('is looked for without the rows that have come since the last vacuum, in every database', async () => {
    const options = `select reloptions from pg_class where relname = 'audit_event_at'`
    const found = [...(await test.sql(options)), ...(await test.tenantSql(acme, options))]
    expect(found).toEqual([{ reloptions: ['autosummarize=on'] }, { reloptions: ['autosummarize=on'] }])
  })
})

/** Chains in which something is left open. */
async function unsettled() {
  return test.tenantSql(acme, `select name from audit_chain where kind = 'server' and settled < sequence`)
}

async function databaseName(): Promise<string> {
  const [row] = await test.sql('select database_name from tenant where id = $1', [acme.id])
  return String(row?.['database_name'])
}
