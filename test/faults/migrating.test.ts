import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { ConnectionPool } from '../../src/adapter/postgres/pool/connection-pool.js'
import { openKysely } from '../../src/adapter/postgres/pool/open-kysely.js'
import { masterMigrations } from '../../src/adapter/postgres/schema/master-migrations.js'
import { migrate, type Migration, type MigrationSchema } from '../../src/adapter/postgres/schema/migrate.js'
import { tenantMigrations } from '../../src/adapter/postgres/schema/tenant-migrations.js'
import { FaultBench, type Attempt } from '../support/fault-bench.js'

let bench: FaultBench
beforeAll(async () => {
  bench = await FaultBench.open()
})
afterAll(() => bench?.close())
afterEach(() => bench?.expectFailedClosed())

/** What a next version might add: it only makes more, so that this version goes on. */
const widening = (table: string, round: number): Migration => ({
  name: `9${String(round).padStart(3, '0')}-widen`,
  async up(step) {
    await step.schema.alterTable(table).addColumn(`more_${round}`, 'text').execute()
    await step.schema.createTable(`more_${round}`).addColumn('name', 'text').execute()
  },
})

async function migrateOnce(database: string, migrations: readonly Migration[]): Promise<void> {
  const pool = new ConnectionPool({
    settings: bench.connection,
    outage: 'AUTH_UNAVAILABLE',
    limits: { connections: 1, perDatabase: 1, waiting: 1 },
    times: { connect: 5_000, wait: 60_000, statement: 60_000, query: 65_000, idle: 60_000 },
  })
  try {
    await migrate(openKysely<MigrationSchema>(pool, database), migrations)
  } finally {
    await pool.close()
  }
}

describe('two migrators at once', () => {
  it('take each step once, while a server of the older version serves every call', async () => {
    const attempts: Attempt[] = []
    let loading = true
    const load = ['acme', 'globex', 'acme', 'globex'].map(async (tenant) => {
      while (loading) attempts.push(await bench.call(tenant))
    })
    const databases: [database: string, known: readonly Migration[], table: string][] = [
      ['authsec', masterMigrations, 'tenant'],
      [await bench.databaseOf('acme'), tenantMigrations, 'audit_event'],
      [await bench.databaseOf('globex'), tenantMigrations, 'account'],
    ]
    const rounds = 5
    for (const [database, known, table] of databases) {
      const steps: Migration[] = [...known]
      for (let round = 0; round < rounds; round += 1) {
        steps.push(widening(table, round))
        await Promise.all([migrateOnce(database, steps), migrateOnce(database, steps)])
      }
      const taken = await bench.cluster.sql(database, `select name from schema_migration where name like '9%'`)
      expect(taken).toHaveLength(rounds)
    }
    loading = false
    await Promise.all(load)
    expect(attempts.length).toBeGreaterThan(20)
    expect(attempts.filter(({ status }) => status !== 200)).toEqual([])
  })
})
