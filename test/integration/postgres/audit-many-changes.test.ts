import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { openKeptSite, recordCalls, type KeptTrail } from '../../support/kept-trail.js'
import type { TestPostgres } from '../../support/postgres.js'

const rows = 20_000

let test: TestPostgres
let trail: KeptTrail

beforeAll(async () => {
  ;({ test, trail } = await openKeptSite((site) =>
    recordCalls(site.test.postgres.audit, site.acme, ['one'], 'all done'),
  ))
})
afterAll(() => test?.close())

it('verifies a chain in which every row was changed by looking at each of them once', async () => {
  await trail.spoil(`
    insert into audit_event (type, request_id, chain, sequence, mac)
      select 'list.served', 'changed', name, c.sequence + number, decode(md5(number::text), 'hex')
      from audit_chain c, generate_series(1, ${rows}) number where kind = 'server';
    update audit_chain set sequence = sequence + ${rows} where kind = 'server'
  `)
  const { faultCount, faults } = await trail.verify()
  // And the end of the chain.
  expect(faultCount).toBe(rows + 1)
  expect(faults[0]).toMatchObject({ kind: 'row_changed', sequence: 3 })
}, 20_000)
