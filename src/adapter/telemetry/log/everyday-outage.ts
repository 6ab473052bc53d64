import { AuditDeliveryError } from '../../../core/audit/stream/audit-receiver.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import { FetchError } from '../../../core/runtime/fetcher.js'
import { read } from './read-member.js'

const mostCauses = 6

/** Of Node.js, for a connection that does not come about or breaks; and of PostgreSQL, which has no room, is locked, goes down or comes up. */
const codes =
  /^(?:EAI_AGAIN|ECONN(?:ABORTED|REFUSED|RESET)|E(?:HOST|NET)(?:DOWN|UNREACH)|ENOTFOUND|EPIPE|ETIMEDOUT|08[0-9A-Z]{3}|25006|53[0-9A-Z]{3}|55P03|57014|57P0[1-5])$/

/** What the driver of PostgreSQL says of the same, without a code. */
const words = /^(?:Connection terminated|Client network socket disconnected|Query read timeout|timeout expired)/

/** Whether something is down, or cannot be reached, and that is all: what the error says of it is enough. */
export function isEverydayOutage(error: unknown): boolean {
  const first = firstCause(error, mostCauses)
  const [code, message] = [read(first, 'code'), read(first, 'message')]
  return (
    isOurs(first) ||
    (typeof code === 'string' && codes.test(code)) ||
    (typeof message === 'string' && words.test(message))
  )
}

/** Errors of ours that are thrown where something else does not answer as it should. */
function isOurs(error: object): boolean {
  try {
    return error instanceof UpstreamError || error instanceof AuditDeliveryError || error instanceof FetchError
  } catch {
    return false
  }
}

/** What an error comes from; of several that were met at once the first. */
function firstCause(error: unknown, left: number): object {
  if (typeof error !== 'object' || error === null) return {}
  const errors: unknown = read(error, 'errors')
  const cause = read(error, 'cause') ?? (Array.isArray(errors) ? read(errors, '0') : undefined)
  return typeof cause === 'object' && cause !== null && left > 0 ? firstCause(cause, left - 1) : error
}
