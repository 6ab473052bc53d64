import { isEverydayOutage } from './everyday-outage.js'
import type { LineBudget } from './line-budget.js'
import { read } from './read-member.js'
import { redacted } from './scrub-text.js'

const longestType = 64
const longestMessage = 2_048
const mostFrames = 30
const longestFrame = 512
const mostCauses = 5
const mostErrors = 5

/** Codes of ours, of Node.js and of PostgreSQL; a one-time code looks like none of them. */
const errorCode = /^(?:[A-Z]{1,20}_[A-Z0-9_]{1,60}|E[A-Z]{3,20}|[0-9A-Z]{5})$/

/** What a thrown value says that may be shown: never what else hangs on it, such as rows, parameters or the request. */
export interface ErrorFields {
  readonly type: string
  readonly code?: string | number
  readonly message: string
  readonly stack?: string
  readonly cause?: ErrorFields
  readonly errors?: readonly ErrorFields[]
}

interface Look {
  readonly budget: LineBudget
  /** Where something is down, it helps nobody to know which of our lines met it. */
  readonly frames: 'shown' | 'left out'
  /** Those that this one is the cause of. */
  readonly seen: readonly object[]
}

/** Never throws, whatever the error does when it is looked at. */
export function errorFields(error: object, budget: LineBudget): ErrorFields {
  return fieldsOf(error, { budget, frames: isEverydayOutage(error) ? 'left out' : 'shown', seen: [] })
}

function fieldsOf(error: object, { budget, frames, seen }: Look): ErrorFields {
  const look = { budget, frames, seen: [...seen, error] }
  const code = codeOf(read(error, 'code'))
  const shown = {
    type: budget.text(textOf(error, 'name') ?? 'Error', longestType),
    ...(code === undefined ? {} : { code }),
    message: budget.text(withoutValues(error, textOf(error, 'message') ?? ''), longestMessage),
  }
  const stack = frames === 'shown' ? framesOf(textOf(error, 'stack') ?? '', budget) : ''
  const cause = nested(read(error, 'cause'), look)
  const errors = listOf(read(error, 'errors')).flatMap((one) => nested(one, look) ?? [])
  return {
    ...shown,
    ...(stack === '' ? {} : { stack }),
    ...(cause === undefined ? {} : { cause }),
    ...(errors.length === 0 ? {} : { errors }),
  }
}

/** Whether `value` is an error, of this realm or another one. */
export function isError(value: object): boolean {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
  } catch {
    return false
  }
}

function nested(value: unknown, look: Look): ErrorFields | undefined {
  const { budget, seen } = look
  if (typeof value !== 'object' || value === null) return undefined
  if (seen.length > mostCauses || seen.includes(value) || !isError(value) || !budget.take()) return undefined
  return fieldsOf(value, look)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, mostErrors) : []
}

function textOf(value: object, name: string): string | undefined {
  const text = read(value, name)
  return typeof text === 'string' ? text : undefined
}

function codeOf(code: unknown): string | number | undefined {
  if (typeof code === 'number') return code
  if (typeof code !== 'string') return undefined
  return errorCode.test(code) ? code : redacted
}

/** The message stands before the frames and may hold anything: frames only. */
function framesOf(stack: string, budget: LineBudget): string {
  const frames = stack
    .slice(0, 65_536)
    .split('\n')
    .filter((line) => /^\s{1,8}at /.test(line))
  return frames
    .slice(0, mostFrames)
    .map((frame) => budget.text(frame, longestFrame))
    .join('\n')
}

/** PostgreSQL quotes the value that it refuses behind a colon: invalid input syntax for type uuid: "…". */
function withoutValues(error: object, message: string): string {
  const fromPostgres = typeof read(error, 'severity') === 'string' && typeof read(error, 'routine') === 'string'
  return fromPostgres ? message.replace(/: ".*$/s, `: ${redacted}`) : message
}
