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

/** What is found in a database that has taken so many steps, had a row written then, has taken `to` since and was changed. */
async function findingsAfter(kind: keyof typeof steps, from: number, to: number, change = ''): Promise<Findings> {
  const database = `${test.masterDatabase}_steps`
  const target = { settings: test.connection, database, outage: 'AUTH_UNAVAILABLE' } as const
  await test.databaseSql('postgres', `create database ${database} template template0`)
  try {
    await withDatabase<MigrationSchema, void>(target, async (db) => {
      await migrate(db, steps[kind].slice(0, from))
      if (from > 0) await sql`insert into audit_event (type, request_id) values ('list.served', 'old')`.execute(db)
      await migrate(db, steps[kind].slice(0, to))
      if (change !== '') await sql.raw(change).execute(db)
    })
    const findings = new Findings()
    await withDatabase<AuditTables, void>(target, (db) => verifyTables(db, kind, findings))
    return findings
  } finally {
    await test.databaseSql('postgres', `drop database ${database} with (force)`)
  }
}

/** What somebody does who has put what verification looks at out of its sight. */
const unguarded = `
  create or replace function audit_refuse() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp
    as $$ begin return coalesce(new, old); end $$;
  alter table audit_event drop constraint audit_event_chained`

describe.each(['master', 'tenant'] as const)('the trail of %s', (kind) => {
  const all = steps[kind].length
  const names = steps[kind].map(({ name }) => name)
  const chained = steps[kind].findIndex(({ name }) => name.includes('audit')) + 1

  it('is as it was made, from whichever version its database comes', async () => {
    for (const from of new Set([0, 1, chained - 1, chained, all - 1])) {
      const { faults, notes } = await findingsAfter(kind, from, all)
      expect([from, faults, [...notes]]).toEqual([from, [], []])
    }
  }, 30_000)

  it('is said not to be there whole yet, before its database has taken every step', async () => {
    for (let to = chained; to < all; to += 1) {
      const later = names.slice(to).filter((name) => name.includes('audit'))
      const { faults, notes } = await findingsAfter(kind, 1, to)
      expect([to, faults, notes.size]).toEqual([to, [], later.length > 0 ? 1 : 0])
      for (const name of names) expect([...notes].some((note) => note.includes(name))).toBe(later.includes(name))
    }
  }, 30_000)

  const audit = names.slice(1).filter((name) => name.includes('audit'))
  it.each(audit)('is looked at whole where nothing says any more that %s was taken', async (name) => {
    const forget = `delete from schema_migration where name = '${name}'`
    const said = { kind: 'table_changed', what: expect.stringContaining(name) }
    expect((await findingsAfter(kind, 1, all, forget)).faults).toEqual([said])
    const { faults, notes } = await findingsAfter(kind, 1, all, `${forget}; ${unguarded}`)
    expect(faults.map(({ what }) => what)).toEqual([
      expect.stringContaining(name),
      expect.stringMatching(/audit_event is without the constraint audit_event_chained/),
      expect.stringMatching(/the function audit_refuse\(\)/),
    ])
    expect([...notes]).toEqual([])
  })

  it('misses what a step makes that comes before one that was taken', async () => {
    const [name] = audit.slice(-2)
    const forget = `
      delete from schema_migration where name = '${name}';
      alter table audit_event drop constraint audit_event_chain_length;
      alter table audit_chain drop constraint audit_chain_lengths`
    const { faults, notes } = await findingsAfter(kind, 1, all, forget)
    expect(faults.map(({ what }) => what)).toEqual([
      expect.stringContaining(String(name)),
      expect.stringMatching(/audit_event is without the constraint audit_event_chain_length/),
      expect.stringMatching(/audit_chain is without the constraint audit_chain_lengths/),
    ])
    expect([...notes]).toEqual([])
  })

  it('is looked at but for what the steps make that its database has not taken', async () => {
    const { faults, notes } = await findingsAfter(kind, 1, chained, unguarded)
    expect(faults.map(({ what }) => what)).toEqual([
      expect.stringMatching(/audit_event is without the constraint audit_event_chained/),
      expect.stringMatching(/the function audit_refuse\(\)/),
    ])
    expect(notes.size).toBe(1)
  })
})
