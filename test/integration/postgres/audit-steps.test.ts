import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { Findings } from '../../../src/adapter/postgres/audit/verify/findings.js'
import { verifyTables } from '../../../src/adapter/postgres/audit/verify/table/verify-tables.js'
import { withDatabase } from '../../../src/adapter/postgres/pool/with-database.js'
import type { AuditTables } from '../../../src/adapter/postgres/schema/audit/audit-schema.js'
import { masterMigrations } from '../../../src/adapter/postgres/schema/master-migrations.js'
import { migrate, type MigrationSchema } from '../../../src/adapter/postgres/schema/migrate.js'
import { tenantMigrations } from '../../../src/adapter/postgres/schema/tenant-migrations.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

const steps = { master: masterMigrations, tenant: tenantMigrations } as const

/** What is found in a database that has taken so many steps, had a row written then, and has taken `to` since. */
async function findingsAfter(kind: keyof typeof steps, from: number, to: number): Promise<Findings> {
  const database = `${test.masterDatabase}_steps`
  const target = { settings: test.connection, database, outage: 'AUTH_UNAVAILABLE' } as const
  await test.databaseSql('postgres', `create database ${database} template template0`)
  try {
    await withDatabase<MigrationSchema, void>(target, async (db) => {
      await migrate(db, steps[kind].slice(0, from))
      if (from > 0) await sql`insert into audit_event (type, request_id) values ('list.served', 'old')`.execute(db)
      await migrate(db, steps[kind].slice(0, to))
    })
    const findings = new Findings()
    await withDatabase<AuditTables, void>(target, (db) => verifyTables(db, kind, findings))
    return findings
  } finally {
    await test.databaseSql('postgres', `drop database ${database} with (force)`)
  }
}

describe.each(['master', 'tenant'] as const)('the trail of %s', (kind) => {
  const all = steps[kind].length
  const chained = steps[kind].findIndex(({ name }) => name.includes('audit')) + 1

  it('is as it was made, from whichever version its database comes', async () => {
    for (const from of new Set([0, 1, chained - 1, chained, all - 1])) {
      const { faults, notes } = await findingsAfter(kind, from, all)
      expect([from, faults, [...notes]]).toEqual([from, [], []])
    }
  }, 30_000)

  it('is said not to be there whole yet, before its database has taken every step', async () => {
    const { faults, notes } = await findingsAfter(kind, 1, chained)
    expect([faults, [...notes]]).toEqual([[], [expect.stringContaining('authsec migrate')]])
  })
})
