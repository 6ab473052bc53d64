import { setTimeout as pause } from 'node:timers/promises'
import { sql, type Kysely } from 'kysely'
import { sqlState } from '../pool/database-failure.js'

/** One numbered step of a schema. Steps are only ever added: a published one is never changed. */
export interface Migration {
  /** `0001-what-it-does`; names sort in the order in which they run. */
  readonly name: string
  /** What servers of versions before it cannot do once it is taken, a sentence; absent where they do whatever they did. */
  readonly withholds?: string
  up(db: Kysely<MigrationSchema>): Promise<void>
}

/** The table that records which steps a database has taken. */
export interface MigrationSchema {
  readonly schema_migration: { readonly name: string }
}

const undefinedTable = '42P01'
const lockKey = 7_164_392_085
const lockMilliseconds = 500
const mostAttempts = 8
const pauseMilliseconds = 100
/** Lock not available, deadlock. */
const inTheWay = new Set(['55P03', '40P01'])

/** Whether the database has taken every step, by one query. One that has taken more, from a newer version, is current too. */
export async function isMigrated(db: Kysely<MigrationSchema>, migrations: readonly Migration[]): Promise<boolean> {
  return (await missingSteps(db, migrations)).length === 0
}

/**
 * Takes the steps that are missing, all or none, with `finish` as the last of them whether or not any was missing. Processes that
 * start at once take turns.
 */
export async function migrate(
  db: Kysely<MigrationSchema>,
  migrations: readonly Migration[],
  finish: Migration['up'] = () => Promise.resolve(),
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await takeSteps(db, migrations, finish)
    } catch (error) {
      if (attempt === mostAttempts || !inTheWay.has(sqlState(error) ?? '')) throw error
    }
    await pause(pauseMilliseconds * attempt * (0.5 + Math.random()))
  }
}

/** Whoever writes meanwhile, by an older version, goes first: a step gives way, and is tried again. */
async function takeSteps(
  db: Kysely<MigrationSchema>,
  migrations: readonly Migration[],
  finish: Migration['up'],
): Promise<void> {
  await db.transaction().execute(async (step) => {
    await sql`select pg_advisory_xact_lock(${lockKey})`.execute(step)
    await sql`set local lock_timeout = ${sql.lit(lockMilliseconds)}`.execute(step)
    await step.schema
      .createTable('schema_migration')
      .ifNotExists()
      .addColumn('name', 'text', (column) => column.primaryKey())
      .execute()
    for (const migration of await pending(step, migrations)) {
      await migration.up(step)
      await step.insertInto('schema_migration').values({ name: migration.name }).execute()
    }
    await finish(step)
  })
}

/** The steps that a database has not taken yet; all of them where it has never taken any. */
export async function missingSteps(
  db: Kysely<MigrationSchema>,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  try {
    return (await pending(db, migrations)).map(({ name }) => name)
  } catch (error) {
    if (sqlState(error) === undefinedTable) return migrations.map(({ name }) => name)
    throw error
  }
}

/** What earlier servers cannot do once these steps are taken; nothing of a database that has taken none, which no server has used. */
export function withheldBy(steps: readonly string[], migrations: readonly Migration[]): readonly string[] {
  if (steps.length === migrations.length) return []
  return migrations.flatMap(({ name, withholds }) =>
    withholds !== undefined && steps.includes(name) ? [withholds] : [],
  )
}

/** The steps that a database has taken, those of newer versions included. */
export async function takenSteps(db: Kysely<MigrationSchema>): Promise<readonly string[]> {
  const rows = await db.selectFrom('schema_migration').select('name').orderBy('name').execute()
  return rows.map(({ name }) => name)
}

async function pending(db: Kysely<MigrationSchema>, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const taken = new Set(await takenSteps(db))
  return migrations.filter((migration) => !taken.has(migration.name))
}
