import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely'
import { silentTracer, type Tracer } from '../../../core/runtime/tracer.js'
import type { ConnectionPool } from './connection-pool.js'
import type { DatabaseLogin } from './lane.js'
import { TracedClient, traceNoConnection } from './traced-client.js'

export interface DatabaseEntry {
  readonly login?: DatabaseLogin | undefined
  /** Hears why no connection was to be had. */
  readonly onFailure?: (error: unknown) => void
  readonly tracer?: Tracer | undefined
}

/** Typed queries on one database of the pool. Needs no closing: the connections are the pool's. */
export function openKysely<Schema>(
  pool: ConnectionPool,
  database: string,
  { login, onFailure, tracer = silentTracer }: DatabaseEntry = {},
): Kysely<Schema> {
  const connect = async (): Promise<PostgresPoolClient> => {
    const startedAt = performance.now()
    try {
      const connection = await pool.acquire(database, login)
      return tracer === silentTracer ? connection : new TracedClient(connection, database, tracer)
    } catch (error) {
      onFailure?.(error)
      return traceNoConnection(tracer, { database, startedAt, error })
    }
  }
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: { connect, end: () => Promise.resolve() } }) })
}
