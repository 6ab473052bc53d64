import type { PostgresCursor, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type { Span, SpanStart, Tracer } from '../../../core/runtime/tracer.js'
import type { Connection } from './connection.js'
import { sqlState } from './database-failure.js'

const system = 'postgresql'
const queryStep: SpanStart = { name: system, kind: 'client' }

/** A connection whose statements can be followed: that there was one, of which kind, on which database. What it said is nobody's business. */
export class TracedClient implements PostgresPoolClient {
  readonly #connection: Connection
  readonly #database: string
  readonly #tracer: Tracer

  constructor(connection: Connection, database: string, tracer: Tracer) {
    this.#connection = connection
    this.#database = database
    this.#tracer = tracer
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  query<R>(
    sql: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof sql !== 'string') return this.#connection.query(sql)
    return this.#tracer.trace(queryStep, (span) =>
      span.recording ? this.#followed<R>(span, sql, parameters) : this.#connection.query<R>(sql, parameters),
    )
  }

  release(): void {
    this.#connection.release()
  }

  async #followed<R>(span: Span, sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const operation = statementKind(sql)
    span.rename(`${operation} ${this.#database}`)
    span.set('db.system.name', system)
    span.set('db.namespace', this.#database)
    span.set('db.operation.name', operation)
    try {
      return await this.#connection.query<R>(sql, parameters)
    } catch (error) {
      const state = sqlState(error)
      if (state !== undefined) span.set('db.response.status_code', state)
      throw error
    }
  }
}

/** Puts on the trace that no connection was to be had; throws `error`. */
export function traceNoConnection(
  tracer: Tracer,
  { database, startedAt, error }: { readonly database: string; readonly startedAt: number; readonly error: unknown },
): Promise<never> {
  return tracer.trace({ name: `CONNECT ${database}`, kind: 'client', startedAt }, (span) => {
    span.set('db.system.name', system)
    span.set('db.namespace', database)
    return Promise.reject(error)
  })
}

const kinds: ReadonlySet<string> = new Set([
  ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'WITH'],
  ...['BEGIN', 'START', 'COMMIT', 'ROLLBACK', 'SAVEPOINT', 'RELEASE', 'SET', 'LOCK'],
  ...['CREATE', 'ALTER', 'DROP', 'GRANT', 'REVOKE', 'LISTEN', 'NOTIFY'],
])

/** The first word of a statement, if it is one of SQL's. */
function statementKind(sql: string): string {
  const word = /^\s*([a-z]{1,16})\b/i.exec(sql)?.[1]?.toUpperCase() ?? ''
  return kinds.has(word) ? word : 'OTHER'
}
