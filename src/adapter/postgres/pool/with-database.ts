import type { Kysely } from 'kysely'
import type { Outage } from '../../../core/error/upstream-error.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { ConnectionPool, type PoolTimes } from './connection-pool.js'
import { openKysely } from './open-kysely.js'

export interface DatabaseTarget {
  readonly settings: ConnectionSettings
  readonly database: string
  readonly outage: Outage
}

/** Creating a database or changing a schema takes longer than a request may. */
const patientTimes: PoolTimes = { connect: 5000, wait: 60_000, statement: 60_000, query: 65_000, idle: 60_000 }

/** Runs `action` on one connection of its own, closed afterwards: for administration, not for requests. */
export async function withDatabase<Schema, Result>(
  { settings, database, outage }: DatabaseTarget,
  action: (db: Kysely<Schema>) => Promise<Result>,
): Promise<Result> {
  const limits = { connections: 1, perDatabase: 1, waiting: 1 }
  const pool = new ConnectionPool({ settings, outage, limits, times: patientTimes })
  try {
    return await openKysely<Schema>(pool, database)
      .connection()
      .execute((db) => action(db))
  } finally {
    await pool.close()
  }
}
