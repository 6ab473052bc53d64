import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { AuditKeeper } from '../../../src/adapter/postgres/audit/keep/audit-keeper.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { KeptTrail, recordCalls } from '../../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: RegisteredTenant
let trail: KeptTrail

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.tenantDirectory.create({ slug: 'acme', name: 'Acme' }, 'cli:tester')
  await recordCalls(test.postgres.audit, acme, ['one'], 'all done')
  trail = new KeptTrail(test, acme)
  await trail.keep()
})
afterAll(() => test?.close())
afterEach(() => trail.putBack())

/** What a server of a version with chains finds that is the first of it here, with rows from before up to a number. */
function upgraded(upTo: number): string {
  return `
    delete from audit_checkpoint;
    update audit_event set id = id + 100000;
    insert into audit_event (id, type, request_id) overriding system value values (1, 'list.served', 'x'), (9, 'list.served', 'x');
    insert into audit_chain (name, kind, place, key, sequence, mac) values ('legacy', 'legacy', '', '', ${upTo}, '')
  `
}

/** What a keeper logs whose turn it is, or is not. */
async function keep(admitted: boolean): Promise<readonly unknown[]> {
  const logged: unknown[] = []
  const log = { write: (...entry: readonly unknown[]) => void logged.push(entry) }
  const take = async () => (admitted ? ({ admitted } as const) : ({ admitted, secondsLeft: 60, name: 'turn' } as const))
  const { auditMaintenance: maintenance } = test.postgres
  const keeper = new AuditKeeper({ maintenance, turns: { take }, log, retentionDays: undefined })
  await keeper.keep()
  await keeper.stop()
  return logged
}

const sealing = [
  ['info', 'rows up to a number are from before there were chains: nothing seals them', { tenant: 'acme', upTo: 1000 }],
]

describe('the keeper of audit trails', () => {
  it('seals once, in its turn, up to which row there were no chains, and says so', async () => {
    await trail.spoil(upgraded(1000))
    expect(await keep(false)).toEqual([])
    expect(await trail.verify()).toMatchObject({ unsealedRows: 2, notes: [expect.stringContaining('not sealed yet')] })
    expect(await keep(true)).toEqual(sealing)
    expect(await keep(true)).toEqual([])
    expect(await trail.verify()).toMatchObject({ faults: [], notes: [], unsealedRows: 2 })
  })

  it('seals nothing where it was moved over rows that are in a chain, and none anew that was moved since', async () => {
    await trail.spoil(upgraded(1_000_000))
    expect(await keep(true)).toEqual([])
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'row_misplaced' }])
    await trail.putBack()
    await trail.spoil(upgraded(1000))
    expect(await keep(true)).toEqual(sealing)
    await trail.spoil(`update audit_chain set sequence = 2000 where name = 'legacy'`)
    expect(await keep(true)).toEqual([])
    expect((await trail.verify()).faults).toContainEqual(
      expect.objectContaining({ kind: 'anchor_forged', chain: 'legacy', sequence: 2000 }),
    )
  })
})
