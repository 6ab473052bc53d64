import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditPlace } from '../../../src/adapter/postgres/audit/keep/audit-maintenance.js'
import type { Person } from '../../../src/adapter/postgres/audit/keep/erase-person.js'
import type { SignedCheckpoint } from '../../../src/core/audit/audit-checkpoint.js'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { KeptTrail, recordCalls } from '../../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'
const issuer = 'https://idp.example'
const ann: Person = {
  names: ['account of ann', 'ann@example.com'],
  identities: [{ issuer, subject: 'ann-there' }],
}
const erasure = { person: ann, reference: 'erasure-1', by } as const

let test: TestPostgres
let acme: RegisteredTenant
let place: AuditPlace
let trail: KeptTrail
let checkpoint: SignedCheckpoint

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.tenantDirectory.create({ slug: 'acme', name: 'Acme' }, by)
  place = { tenant: acme, database: acme.database }
  const { audit } = test.postgres
  const event = { type: 'operation.denied', tenant: acme, requestId: 'hers', operation: 'deploy' } as const
  const wishes = [
    { kind: 'name', category: 'roles', name: 'auditor', presence: 'present' },
    {
      kind: 'account',
      presence: 'present',
      email: 'ann@example.com',
      name: 'Ann',
      identify: [{ issuer, subject: 'ann-there' }],
    },
    { kind: 'account', presence: 'present', email: 'bob@example.com', name: 'Bob' },
  ] as const
  await test.postgres.tenantAdministration.apply(acme, wishes, by)
  const hers: readonly Partial<AuditEvent>[] = [
    { subject: 'account of ann', issuer: 'https://issuer.example' },
    { subject: 'ann-there', issuer },
    { subject: 'somebody', personal: { account: 'account of ann', address: '192.0.2.7' } },
    { personal: { emails: ['bob@example.com', 'Ann@Example.com'] } },
  ]
  const others: readonly Partial<AuditEvent>[] = [
    { requestId: 'not hers', subject: 'ann-there', issuer: 'https://other.example' },
    { requestId: 'not hers', subject: 'account of bob', personal: { account: 'joann@example.com' } },
  ]
  for (const facts of [...hers, ...others]) await audit.record({ ...event, ...facts })
  await recordCalls(audit, acme, ['another'], 'all done')
  await audit.record({ type: 'signin.failed', tenant: undefined, requestId: 'hers', subject: 'ann@example.com' })
  trail = new KeptTrail(test, acme)
  await trail.spoil(`
    insert into audit_event (id, type, request_id, subject) overriding system value
      values (-1, 'signin.failed', 'old of hers', 'ANN@example.com');
    insert into audit_event (id, type, request_id, subject, detail) overriding system value
      values (0, 'admin.changed', 'old of hers', 'cli:tester', '{"name": "ann@example.com"}');
    insert into audit_chain (name, kind, place, key, sequence, mac) values ('legacy', 'legacy', '', '', 0, '')
  `)
  checkpoint = await test.postgres.auditMaintenance.checkpoint(place)
  await trail.keep()
})
afterAll(() => test?.close())
afterEach(() => trail.putBack())

async function personsOf(requestIds: readonly string[]): Promise<readonly unknown[]> {
  const rows = await test.tenantSql(
    acme,
    'select subject, personal, salt, erased_by from audit_event where request_id = any($1) order by id',
    [requestIds],
  )
  return rows
}

describe('the erasure of a person', () => {
  it('takes out who acted and of whom is spoken, in every row and no other, and everything still holds', async () => {
    const { auditMaintenance } = test.postgres
    const before = await personsOf(['not hers', 'another'])
    expect(await auditMaintenance.erase(place, erasure)).toBe(7)
    const nothing = { subject: null, personal: null, salt: null, erased_by: 'erasure-1' }
    expect(await personsOf(['hers', 'old of hers'])).toEqual(Array.from({ length: 6 }, () => nothing))
    expect(await personsOf(['not hers', 'another'])).toEqual(before)
    expect(await trail.verify([checkpoint])).toMatchObject({
      faults: [],
      erasures: [{ reference: 'erasure-1', rows: 7 }],
    })
    expect(await auditMaintenance.erase(place, { ...erasure, reference: 'erasure-2' })).toBe(0)
  })

  it('is on record without naming the person', async () => {
    await test.postgres.auditMaintenance.erase(place, erasure)
    const records = await test.tenantSql(
      acme,
      `select subject, detail, personal from audit_event where reason = 'erased'`,
    )
    expect(records).toEqual([{ subject: by, detail: { reference: 'erasure-1', rows: 7 }, personal: null }])
    const [{ text } = { text: '' }] = await test.tenantSql(
      acme,
      'select string_agg(e::text, chr(10)) as text from audit_event e',
    )
    expect(text).not.toMatch(/account of ann|[^o]ann@example\.com|:Ann\b/i)
    expect(text).toMatch(/account_added.*bob@example\.com/)
  })

  it('also happens in master, for sign-ins from before the tenant was known', async () => {
    const master: AuditPlace = { tenant: undefined, database: test.masterDatabase }
    expect(await test.postgres.auditMaintenance.erase(master, erasure)).toBe(1)
    expect(await test.sql(`select subject, erased_by from audit_event where type = 'signin.failed'`)).toEqual([
      { subject: null, erased_by: 'erasure-1' },
    ])
    const { reports } = await test.postgres.auditMaintenance.verify({
      ...{ places: [master], checkpoints: [], onProgress: () => undefined },
    })
    expect(reports).toMatchObject([{ faults: [], erasures: [{ reference: 'erasure-1', rows: 1 }] }])
  })

  it('is found out where nobody did it by the command', async () => {
    const taken = `subject = null, personal = null, salt = null`
    const hers = `request_id = 'hers' and subject = 'account of ann'`
    await trail.spoil(`update audit_event set ${taken} where ${hers}`)
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'erasure_forged', sequence: 1 }])
    await trail.putBack()
    await trail.spoil(`update audit_event set ${taken}, erased_by = 'erasure-1', erasure_seal = '\\x00' where ${hers}`)
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'erasure_forged', sequence: 1 }])
    await trail.putBack()
    await test.postgres.auditMaintenance.erase(place, erasure)
    await trail.spoil(
      `update audit_event set erasure_seal = (select erasure_seal from audit_event where erasure_seal is not null and chain is not null order by id desc limit 1) where request_id = 'hers' and sequence = 1`,
    )
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'erasure_forged', sequence: 1 }])
    await trail.spoil(`update audit_event set subject = 'account of bob' where request_id = 'hers' and sequence = 2`)
    expect((await trail.verify()).faults).toMatchObject([{ sequence: 1 }, { kind: 'erasure_forged', sequence: 2 }])
  })

  it('that no record speaks of is found, and one whose record is over is said again', async () => {
    const { auditMaintenance } = test.postgres
    await auditMaintenance.erase(place, erasure)
    const changes = `changes-${acme.id}`
    await test.tenantSql(
      acme,
      `insert into audit_cursor (destination, chain, sequence) values ('syslog', '${changes}', 1000)`,
    )
    await auditMaintenance.prune(place, { cutoff: 9e15, unsent: 'kept', by })
    await test.tenantSql(acme, 'delete from audit_cursor')
    expect(await trail.verify()).toMatchObject({ faults: [], erasures: [{ reference: 'erasure-1' }] })
    await trail.spoil(
      `delete from audit_event where chain = '${changes}'; delete from audit_chain where name = '${changes}'`,
    )
    expect((await trail.verify()).faults).toContainEqual(
      expect.objectContaining({ kind: 'erasure_forged', what: expect.stringContaining('not on record') }),
    )
  })
})
