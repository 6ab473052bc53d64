import { countedTogether, countKey, type CallLimit, type CountedTogether } from '../../core/operation/call-limit.js'
import { readOptions, type Check } from './check-options.js'
import { snapshotOf } from './snapshot.js'

/** So many calls in so many seconds. */
export interface RateLimitOptions {
  /** Calls that are admitted in one window: 1 to 1,000,000. */
  readonly limit: number
  /** The length of a window: 1 to 86,400 seconds (a day). It begins with the first call after the one before has ended. */
  readonly seconds: number
  /**
   * Whose calls count together: each `user`'s own (the default), those of a `tenant`, or `everybody`'s. Callers that nobody
   * knows, of `@Public` tools, count by network address instead of user and tenant.
   */
  readonly per?: CountedTogether
}

/** One limit, or several that all count, such as 5 in a second and 100 in an hour. */
export type RateLimits = RateLimitOptions | readonly [RateLimitOptions, ...RateLimitOptions[]]

/** Limits as they were when they were read, and everything that is wrong with them. */
export interface ReadLimits {
  readonly limits: readonly CallLimit[]
  readonly problems: readonly string[]
}

const mostCalls = 1_000_000
const longestSeconds = 86_400

/** Reads one limit or a list of them, once. */
export function readLimits(written: unknown): ReadLimits {
  const read = snapshotOf(written)
  if ('problem' in read) return { limits: [], problems: [`the limits ${read.problem}`] }
  if (!Array.isArray(read.copy)) return readLimit(read.copy)
  const listed: readonly unknown[] = read.copy
  if (listed.length === 0) return { limits: [], problems: ['the list of limits is empty'] }
  const all = listed.map(readLimit)
  const limits = all.flatMap((one) => one.limits)
  const problems = all.flatMap((one, index) => one.problems.map((problem) => `${problem}, at index ${index}`))
  return { limits, problems: [...problems, ...repeatedLimits(limits)] }
}

/** Limits that say different things of the same calls. */
export function repeatedLimits(limits: readonly CallLimit[]): readonly string[] {
  const keys = limits.map(countKey)
  const repeated = limits.filter((limit, index) => keys.indexOf(countKey(limit)) !== index)
  return repeated.map(({ per, seconds }) => `limits the calls of ${seconds} seconds per ${per} twice: keep one of them`)
}

/** What an option with limits says wrong. */
export const rateLimits: Check = (value) => {
  const { problems } = readLimits(value)
  return problems.length === 0 ? undefined : `is wrong: ${problems.join('; ')}`
}

function readLimit(written: unknown): ReadLimits {
  if (typeof written !== 'object' || written === null) {
    return { limits: [], problems: ['a limit is a plain object, { limit, seconds }'] }
  }
  const { options, problems } = readOptions<Partial<RateLimitOptions>>(written, checks)
  if (options === undefined) return { limits: [], problems }
  const { limit, per = 'user', seconds } = options
  if (limit !== undefined && seconds !== undefined) return { limits: [{ limit, seconds, per }], problems }
  const missing = (['limit', 'seconds'] as const).filter((key) => options[key] === undefined)
  return { limits: [], problems: missing.map((key) => `needs ${key}`) }
}

function wholeNumber(most: number): Check {
  const problem = `must be a whole number from 1 to ${most}`
  return (value) => (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most ? undefined : problem)
}

const checks: Readonly<Record<string, Check>> = {
  limit: wholeNumber(mostCalls),
  seconds: wholeNumber(longestSeconds),
  per: (value) =>
    countedTogether.some((known) => known === value)
      ? undefined
      : `must be ${countedTogether.map((known) => `'${known}'`).join(', ')}`,
}
