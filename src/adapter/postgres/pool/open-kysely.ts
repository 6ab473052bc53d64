import { Kysely, PostgresDialect } from 'kysely'
import type { Connection } from './connection.js'
import type { ConnectionPool } from './connection-pool.js'

/** Typed queries on one database of the pool. Needs no closing: the connections are the pool's. `onFailure` hears why none was to be had. */
export function openKysely<Schema>(
  pool: ConnectionPool,
  database: string,
  onFailure: (error: unknown) => void = () => {},
): Kysely<Schema> {
  const connect = async (): Promise<Connection> => {
    try {
      return await pool.acquire(database)
    } catch (error) {
      onFailure(error)
      throw error
    }
  }
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: { connect, end: () => Promise.resolve() } }) })
}
