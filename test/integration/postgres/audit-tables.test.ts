import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditFault } from '../../../src/core/audit/audit-verification.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { KeptTrail, recordCalls } from '../../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'

let test: TestPostgres
let acme: RegisteredTenant
let trail: KeptTrail
let chain: string
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.tenantDirectory.create({ slug: 'acme', name: 'Acme' }, by)
  // More than a page of verification.
  const names = Array.from({ length: 510 }, (_, nth) => `call ${nth}`)
  await recordCalls(test.postgres.audit, acme, names, 'all done')
  trail = new KeptTrail(test, acme)
  chain = (await trail.rows()).find(({ chain: name }) => name.startsWith('server-'))?.chain ?? ''
  await trail.keep()
})
afterAll(() => test?.close())
afterEach(async () => expect((await trail.verify()).faults).toEqual([]))

/** What verification says while something is so, which is undone afterwards. */
async function faultsWhile(change: string, back: string): Promise<readonly AuditFault[]> {
  await trail.spoil(change)
  const { faults } = await trail.verify()
  await trail.spoil(back)
  return faults
}

describe('rows that readers are shown', () => {
  const forged = (table: string, sequence: string, name = `'${chain}'`) => `
    insert into ${table} (id, type, request_id, subject, operation, chain, sequence, mac)
    overriding system value
    values (900000, 'operation.allowed', 'forged', 'ann', 'wire.money', ${name}, ${sequence}, '\\x00')`
  const putBack = `delete from audit_event where request_id = 'forged'`
  const unnumbered = 'alter table audit_event drop constraint audit_event_chained'
  const numbered = `${putBack}; alter table audit_event add constraint audit_event_chained
    check ((chain is null) = (sequence is null) and (chain is null) = (mac is null))`

  it('are found where they are in a chain and have no number', async () => {
    const faults = await faultsWhile(`${unnumbered}; ${forged('audit_event', 'null')}`, numbered)
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'row_misplaced', chain }))
  })

  it('are found in a chain that nobody knows, without a number', async () => {
    const faults = await faultsWhile(`${unnumbered}; ${forged('audit_event', 'null', `'server-x'`)}`, numbered)
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'chain_missing', chain: 'server-x' }))
  })

  it('are found where their number is none', async () => {
    const faults = await faultsWhile(
      `alter table audit_event drop constraint audit_event_number, alter sequence type numeric; ${forged('audit_event', `'NaN'`)}`,
      `${putBack}; alter table audit_event alter sequence type bigint,
        add constraint audit_event_number check (sequence between 0 and 9007199254740991) not valid`,
    )
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'row_misplaced', chain }))
  })

  it('are found where the last number of a page stands twice', async () => {
    const index = 'index audit_event_chain on audit_event (chain, sequence)'
    const faults = await faultsWhile(
      `drop index audit_event_chain; create ${index}; ${forged('audit_event', '1000')}`,
      `${putBack}; drop index audit_event_chain; create unique ${index}`,
    )
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'row_misplaced', chain }))
  })

  it('are found where they stand in another table that is read with it', async () => {
    const faults = await faultsWhile(
      `create table child () inherits (audit_event); ${forged('child', '1000')}`,
      'drop table child',
    )
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'row_misplaced', chain }))
  })
})
