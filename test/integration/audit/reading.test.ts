import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'
import type { AuditOrder, AuditPlace } from '../../../src/core/audit/audit-reader.js'
import type { AuditFilter, AuditRecord } from '../../../src/core/audit/audit-record.js'
import { matchesFilter } from '../../../src/core/audit/matches-filter.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import type { Log } from '../../../src/core/runtime/log.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: Tenant
let old: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  old = await test.postgres.provisioner.createTenant({ slug: 'old', name: 'Old' })
})
afterAll(() => test?.close())

async function read(place: AuditPlace, filter: AuditFilter = {}, order: AuditOrder = 'oldest first') {
  const records: AuditRecord[] = []
  for await (const record of test.postgres.auditReader.read(place, filter, order)) records.push(record)
  return records
}

const requests = (records: readonly AuditRecord[]) => records.map(({ requestId }) => requestId)

async function record(...events: readonly Partial<AuditEvent>[]): Promise<void> {
  for (const event of events) {
    await test.postgres.audit.record({ type: 'operation.allowed', tenant: acme, requestId: 'r', ...event })
  }
}

describe('a row of the trail', () => {
  it('is read as it was recorded, with its time and where it stands', async () => {
    const event: AuditEvent = {
      ...{ type: 'operation.denied', tenant: acme, requestId: 'whole', issuer: 'https://idp.example', subject: 'ada' },
      ...{ clientId: 'crm', operation: 'invoices.void', reason: 'ERR_PERMISSION_DENIED', milliseconds: 2.5 },
      ...{ traceId: '0af7651916cd43dd8448eb211c80319c', intentId: 'i-1' },
      ...{ detail: { missing: ['a', 'b'], count: 3 }, personal: { address: '192.0.2.7' } },
    }
    await record(event)
    const [found] = await read(acme, { requestId: 'whole' })
    const { at, position, ...rest } = found ?? {}
    expect(rest).toEqual({ ...event, tenant: 'acme', count: 1, decision: 'denied', erased: false })
    expect(Math.abs(Date.parse(at ?? '') - Date.now())).toBeLessThan(60_000)
    expect(position).toEqual({ chain: expect.any(String), sequence: expect.any(Number) })
  })
})

describe('what is asked for', () => {
  beforeAll(() =>
    record(
      { requestId: 'f1', subject: 'ada', clientId: 'crm', operation: 'a', type: 'operation.allowed' },
      { requestId: 'f2', subject: 'bob', clientId: 'crm', operation: 'b', type: 'operation.denied', reason: 'why' },
      { requestId: 'f3', subject: 'bob', clientId: 'erp', operation: 'a', type: 'credential.read' },
      { requestId: 'f4', subject: 'crm', operation: 'a', type: 'credential.read', reason: 'why' },
      { requestId: 'f5', type: 'admin.changed' },
    ),
  )

  it.each<[string, AuditFilter, readonly string[]]>([
    ['a subject', { actor: 'bob' }, ['f2', 'f3']],
    ['a client', { actor: 'crm' }, ['f1', 'f2', 'f4']],
    ['an operation', { operation: 'a' }, ['f1', 'f3', 'f4']],
    ['what was allowed', { decision: 'allowed' }, ['f1', 'f3']],
    ['what was denied', { decision: 'denied' }, ['f2', 'f4']],
    ['types', { types: ['credential.read', 'admin.changed'] }, ['f3', 'f4', 'f5']],
    ['a reason', { reason: 'why', actor: 'crm' }, ['f2', 'f4']],
    ['a reference', { requestId: 'f5' }, ['f5']],
    ['several of these', { actor: 'bob', operation: 'a', decision: 'allowed' }, ['f3']],
    ['something that could be SQL', { actor: `' or true --` }, []],
  ])('may be %s', async (_what, filter, expected) => {
    expect(requests(await read(acme, filter)).filter((id) => id.startsWith('f'))).toEqual(expected)
    const matching = (await read(acme)).filter((one) => matchesFilter(one, filter))
    expect(requests(matching).filter((id) => id.startsWith('f'))).toEqual(expected)
  })
})

describe('the order', () => {
  const many = 5300
  const begin = Date.parse('2020-01-01T00:00:00Z')
  /** Many at one moment, then few over years, and some that are late. */
  beforeAll(() =>
    test.tenantSql(
      old,
      `insert into audit_event (at, type, request_id)
      select at, 'list.served', 'o' || row_number() over (order by at, n)
      from (
        select n, timestamptz '2020-01-01' + case when n <= 3200 then interval '0' when n <= 5200
          then n * interval '1 millisecond' else (n - 5200) * interval '31 days' end as at
        from generate_series(1, ${many}) n
      ) spread order by n % 7, n`,
    ),
  )

  it('is that of time, both ways, across pages and however rows are spread', async () => {
    const ascending = await read(old, { types: ['list.served'] })
    expect(ascending).toHaveLength(many)
    expect(new Set(requests(ascending)).size).toBe(many)
    const times = ascending.map(({ at }) => at)
    expect(times).toEqual(times.toSorted())
    expect(requests(await read(old, { types: ['list.served'] }, 'newest first'))).toEqual(
      requests(ascending).toReversed(),
    )
  })

  it('holds within a part of the time, from then on and before then', async () => {
    const [since, until] = [new Date(begin + 3500), new Date(begin + 4100)]
    const all = requests(await read(old))
    const within = (await read(old)).filter(({ at }) => Date.parse(at) >= +since && Date.parse(at) < +until)
    expect(within).toHaveLength(600)
    for (const order of ['oldest first', 'newest first'] as const) {
      const found = await read(old, { since, until }, order)
      expect(requests(found)).toEqual(requests(order === 'oldest first' ? within : within.toReversed()))
    }
    expect(requests(await read(old, { since }))).toEqual(all.slice(all.indexOf(within[0]?.requestId ?? '')))
  })

  it('may be left whenever enough is seen', async () => {
    for await (const { requestId } of test.postgres.auditReader.read(old, {}, 'newest first')) {
      expect(requestId).toBe(`o${many}`)
      break
    }
  })

  it('ends with what stood there when it began', async () => {
    const seen: string[] = []
    for await (const { requestId } of test.postgres.auditReader.read(acme, {}, 'oldest first')) {
      if (seen.length < 3) await record({ requestId: 'later' })
      seen.push(requestId)
    }
    expect(seen).not.toContain('later')
  })
})

describe('what comes after', () => {
  it('is every row of every chain once, though transactions end late', async () => {
    const reader = test.postgres.auditReader
    const other = await test.reopen()
    let positions = new Map(await reader.ends(acme))
    const seen: string[] = []
    const follow = async (limit: number) => {
      const records = await reader.after(acme, positions, limit)
      for (const { position } of records)
        if (position) positions = new Map(positions).set(position.chain, position.sequence)
      seen.push(...requests(records))
      return records.length
    }
    const writes = Array.from({ length: 60 }, (_, index) => [
      record({ requestId: `a${index}` }),
      other.audit.record({ type: 'token.refused', tenant: acme, requestId: `b${index}` }),
    ])
    await follow(7)
    await Promise.all(writes.flat())
    while ((await follow(7)) > 0);
    for (const chain of ['a', 'b']) {
      const own = seen.filter((id) => id.startsWith(chain))
      expect(own.toSorted()).toEqual(Array.from({ length: 60 }, (_, index) => `${chain}${index}`).toSorted())
    }
  })

  it('is sent from where the receiver has it, each receiver for itself', async () => {
    const { unsentAudit } = test.postgres
    const all = await unsentAudit.read(acme, 'one', 10_000)
    expect(all.length).toBeGreaterThan(100)
    await unsentAudit.note(acme, 'one', all.slice(0, 50))
    const left = await unsentAudit.read(acme, 'one', 10_000)
    expect(left.map(({ position }) => position)).toEqual(all.slice(50).map(({ position }) => position))
    // One that is late does not send everybody back.
    await unsentAudit.note(acme, 'one', all.slice(0, 10))
    expect(await unsentAudit.read(acme, 'one', 10_000)).toHaveLength(left.length)
    expect(await unsentAudit.read(acme, 'two', 10_000)).toHaveLength(all.length)
  })

  it('is not led past rows to come by one that somebody has put behind them, nor over a gap', async () => {
    const logged: unknown[] = []
    const log: Log = { write: (level, message, facts) => void logged.push([level, message, facts?.['sequence']]) }
    const { unsentAudit } = await test.reopen({ log })
    await record({ requestId: 'before' })
    const take = async () => {
      const records = await unsentAudit.read(acme, 'three', 10_000)
      await unsentAudit.note(acme, 'three', records)
      return requests(records)
    }
    const [chain] = (await read(acme, { requestId: 'before' })).map(({ position }) => position?.chain)
    await test.tenantSql(
      acme,
      `insert into audit_event (type, request_id, chain, sequence, mac) values ('list.served', 'forged', $1, 1000000000000, '')`,
      [chain],
    )
    expect(await take()).toContain('before')
    await record({ requestId: 'after' })
    expect(await take()).toEqual(['after'])
    expect(logged).toEqual([])
    await test.tenantSql(acme, 'update audit_chain set sequence = 1000000000000 where name = $1', [chain])
    expect(await take()).toEqual([])
    expect(await take()).toEqual([])
    const missing = 'a row of the audit trail is missing: those behind it in its chain are not sent'
    expect(logged).toEqual([['error', missing, expect.any(Number)]])
  })
})
