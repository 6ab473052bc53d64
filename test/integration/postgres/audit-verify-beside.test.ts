import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { KyselyPlugin } from 'kysely'
import { AuditSeal } from '../../../src/adapter/postgres/audit/audit-seal.js'
import type { AuditPlace } from '../../../src/adapter/postgres/audit/keep/audit-maintenance.js'
import { verifyPlace, type VerifiedPlace } from '../../../src/adapter/postgres/audit/verify/verify-place.js'
import { withDatabase } from '../../../src/adapter/postgres/pool/with-database.js'
import type { AuditTables } from '../../../src/adapter/postgres/schema/audit/audit-schema.js'
import type { SignedCheckpoint } from '../../../src/core/audit/audit-checkpoint.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { KeptTrail, recordCalls } from '../../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'
const everything = { cutoff: 9e15, unsent: 'kept', by } as const

let test: TestPostgres
let copy: RegisteredTenant
let place: AuditPlace
let trail: KeptTrail
let checkpoint: SignedCheckpoint

beforeAll(async () => {
  test = await openTestPostgres()
  const { audit, auditMaintenance, tenantDirectory } = test.postgres
  const acme = await tenantDirectory.create({ slug: 'acme', name: 'Acme' }, by)
  await recordCalls(audit, acme, ['one', 'two', 'three'], 'all done')
  await auditMaintenance.erase({ tenant: acme, database: acme.database }, erasureOf('user one'))
  const lines: string[] = []
  await tenantDirectory.export(acme, async (line) => void lines.push(line))
  const from = (async function* () {
    yield* lines
  })()
  copy = await tenantDirectory.create({ slug: 'copy', name: 'Copy' }, by, from)
  place = { tenant: copy, database: copy.database }
  await recordCalls(audit, copy, ['after', 'later'], 'all done')
  await auditMaintenance.erase(place, erasureOf('user after'))
  checkpoint = await auditMaintenance.checkpoint(place)
  trail = new KeptTrail(test, copy)
  await trail.keep()
})
afterAll(() => test?.close())

function erasureOf(name: string) {
  return { person: { names: [name], identities: [] }, reference: `erasure of ${name}`, by } as const
}

/** Verifies, and does something else as soon as so many answers of the database have come; says whether it did. */
async function verifyWhile(answers: number, action: () => Promise<unknown>) {
  let come = 0
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      come += 1
      if (come === answers) await action()
      return result
    },
  }
  const { auditMaintenance, keys } = test.postgres
  const { report } = await withDatabase<AuditTables, VerifiedPlace>(
    { settings: test.connection, database: copy.database, outage: 'TENANT_UNAVAILABLE' },
    (db) =>
      verifyPlace({
        ...{ db: db.withPlugin(plugin), seal: new AuditSeal(keys), publicKey: auditMaintenance.publicKey },
        ...{ place: copy.id, tenant: copy.slug, checkpoints: [checkpoint], onProgress: () => undefined },
      }),
  )
  return { report, isDone: come >= answers }
}

describe('verification of a restored trail', () => {
  it('finds nothing while somebody is erased and the retention removes rows, at whatever moment', async () => {
    const { auditMaintenance } = test.postgres
    const actions = [
      () => auditMaintenance.prune(place, everything),
      async () => {
        await auditMaintenance.erase(place, erasureOf('user later'))
        await auditMaintenance.prune(place, { ...everything, cutoff: await auditMaintenance.timeBefore(0) })
      },
    ]
    for (const action of actions) {
      for (let answers = 1, isDone = true; isDone; answers += 1) {
        await trail.putBack()
        const found = await verifyWhile(answers, action)
        isDone = found.isDone
        expect({ answers, faults: found.report.faults }).toEqual({ answers, faults: [] })
      }
    }
  })

  it('finds a restored chain of which nothing is on record', async () => {
    await trail.putBack()
    await trail.spoil(`update audit_event set reason = 'x' where reason = 'restored'`)
    expect((await trail.verify()).faults).toContainEqual(expect.objectContaining({ kind: 'chain_foreign' }))
    // What somebody adds behind the end is no record.
    await trail.spoilAnew(`
      update audit_event set reason = 'x' where reason = 'restored';
      insert into audit_event (type, reason, request_id, detail, chain, sequence, mac)
        select 'audit.maintained', 'restored', 'x', k.detail, k.chain, 1000, k.mac from kept.audit_event k where k.reason = 'restored'
    `)
    expect((await trail.verify()).faults).toContainEqual(expect.objectContaining({ kind: 'chain_foreign' }))
  })
})
