import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { KeptTrail, recordCalls } from '../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../support/postgres.js'

/** Of all writers together, an intent and an outcome for each call. */
const rows = Number(process.env['AUDIT_ROWS'] ?? 30_000)
const callsAtOnce = 250

let test: TestPostgres
let acme: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
})
afterAll(() => test?.close())

describe('the audit trail of three writers', () => {
  it('is valid and has no gap, however much they write at once', async () => {
    const calls = Math.floor(rows / 6)
    const writers = [test.postgres, await test.reopen(), await test.reopen()]
    await Promise.all(
      writers.map(async ({ audit }, writer) => {
        for (let from = 0; from < calls; from += callsAtOnce) {
          const length = Math.min(callsAtOnce, calls - from)
          const names = Array.from({ length }, (_, index) => `writer ${writer} call ${from + index}`)
          await recordCalls(audit, acme, names, 'all done')
        }
      }),
    )
    const trail = new KeptTrail(test, acme)
    expect(await trail.verify()).toMatchObject({ faults: [], chains: 3, rows: calls * 6, open: 0 })
    const chains = await test.tenantSql(
      acme,
      'select count(*)::int as rows, min(sequence)::int as first, max(sequence)::int as last from audit_event group by chain',
    )
    expect(chains).toEqual(Array.from({ length: 3 }, () => ({ rows: calls * 2, first: 1, last: calls * 2 })))
  }, 120_000)
})
