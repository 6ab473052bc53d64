import { DatabaseError } from 'pg'
import { UpstreamError, type Outage } from '../../../core/error/upstream-error.js'

/** The SQLSTATE behind a failure, also where it has become an `UpstreamError`; `undefined` when PostgreSQL did not answer. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof DatabaseError) return error.code
  if (error instanceof UpstreamError) return sqlState(error.cause)
  return undefined
}

/**
 * Whether the connection behind this failure must not be used again: after silence, a broken connection, a server going down
 * (08, 57P), or when what it has prepared no longer fits the schema (0A000, 26000).
 */
export function losesConnection(error: unknown): boolean {
  const state = error instanceof DatabaseError ? error.code : undefined
  return state === undefined || /^(?:08|57P|0A000$|26000$)/.test(state)
}

/**
 * What a failure means to callers: an outage, unless the statement was refused for the data in it (classes 22 and 23) or because a
 * database exists already (42P04), which whoever sent the statement must answer.
 */
export function databaseFailure(error: unknown, outage: Outage): unknown {
  if (error instanceof UpstreamError) return error
  if (/^(?:22|23|42P04$)/.test(sqlState(error) ?? '')) return error
  const whose = outage === 'TENANT_UNAVAILABLE' ? "the tenant's" : 'the master'
  return new UpstreamError(outage, `${whose} database is not available`, { cause: error })
}
