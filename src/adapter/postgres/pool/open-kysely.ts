import { Kysely, PostgresDialect } from 'kysely'
import type { Connection } from './connection.js'
import type { ConnectionPool } from './connection-pool.js'
import type { DatabaseLogin } from './lane.js'

export interface DatabaseEntry {
  readonly login?: DatabaseLogin | undefined
  /** Hears why no connection was to be had. */
  readonly onFailure?: (error: unknown) => void
}

/** Typed queries on one database of the pool. Needs no closing: the connections are the pool's. */
export function openKysely<Schema>(
  pool: ConnectionPool,
  database: string,
  { login, onFailure = () => {} }: DatabaseEntry = {},
): Kysely<Schema> {
  const connect = async (): Promise<Connection> => {
    try {
      return await pool.acquire(database, login)
    } catch (error) {
      onFailure(error)
      throw error
    }
  }
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: { connect, end: () => Promise.resolve() } }) })
}
