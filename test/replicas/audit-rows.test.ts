import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { checkTrail, intentFaults } from '../support/audit-check.js'
import { KeptTrail } from '../support/kept-trail.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../support/postgres.js'
import { runProgram } from '../support/server-process.js'

const rows = Number(process.env['AUTHSEC_AUDIT_ROWS'] ?? 30_000)
const writers = 3
/** Until then they have started, unless the machine is very busy. */
const startMilliseconds = 2_000

let test: TestPostgres
let acme: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
})
afterAll(() => test?.close())

it(`three processes write ${rows} rows of one tenant at once: each chain is valid and without a gap`, async () => {
  const { connection, masterDatabase, masterKey } = test
  const shared = {
    connection,
    masterDatabase,
    masterKey: masterKey.reveal(),
    ownIssuer,
    tenant: acme,
    beginAt: Date.now() + startMilliseconds,
  }
  const own = 2 * Math.floor(rows / writers / 2)
  const ends = await Promise.all(
    Array.from({ length: writers }, () =>
      runProgram(['test/replicas/writer.mjs'], { WRITER: JSON.stringify({ ...shared, rows: own }) }),
    ),
  )
  expect(ends).toEqual(Array.from({ length: writers }, () => ({ code: 0, stdout: '', stderr: '' })))
  const trail = await checkTrail(test, acme)
  expect(trail.faults).toEqual([])
  expect(await new KeptTrail(test, acme).verify()).toMatchObject({ faults: [], rows: trail.rows.length, open: 0 })
  expect(intentFaults(trail.rows)).toEqual([])
  expect(trail.rows.filter(({ operation }) => operation === 'deploy')).toHaveLength(writers * own)
}, 600_000)
