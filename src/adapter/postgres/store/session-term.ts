import { sql } from 'kysely'

/**
 * Whether a row with `used_at` and `expires_at` stands by the clock of its database: used within 30 minutes, and not over.
 */
export const stands = sql<boolean>`(
  expires_at > clock_timestamp() and used_at > clock_timestamp() - interval '30 minutes'
)`

/** Whether a use is worth noting: a row that is used a hundred times a second need not be written as often. */
export const isStale = sql<boolean>`used_at <= clock_timestamp() - interval '1 second'`

/** The same for rows that are looked at again and again: what is open for hours must not be written all the time. */
export const isLongUnused = sql<boolean>`used_at <= clock_timestamp() - interval '20 seconds'`

/** The opposite of `stands` with one instant for the whole statement, so that indexes lead to the rows. */
export const hasEnded = sql<boolean>`(
  expires_at <= statement_timestamp() or used_at <= statement_timestamp() - interval '30 minutes'
)`

/**
 * When a use is noted. Nobody waits for the disk then: a crash may lose the last moments of it, and harms nobody by that. Not for
 * transactions that write anything else.
 */
export const thisMoment = sql<Date>`(
  case when set_config('synchronous_commit', 'off', true) is not null then clock_timestamp() end
)`

/** Twelve hours from now, or at `endsAt` (seconds since the epoch) where that comes first. */
export function longestTerm(endsAt: number | undefined) {
  if (endsAt === undefined) return sql<Date>`clock_timestamp() + interval '12 hours'`
  const left = sql`${endsAt}::float8 - extract(epoch from clock_timestamp())::float8`
  return sql<Date>`clock_timestamp() + make_interval(secs => greatest(0, least(12 * 60 * 60, ${left})))`
}
