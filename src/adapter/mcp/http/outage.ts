import { randomUUID } from 'node:crypto'
import { RateLimitError } from '../../../core/error/rate-limit-error.js'
import { UpstreamError, type Outage } from '../../../core/error/upstream-error.js'
import type { Log } from '../../../core/runtime/log.js'
import { internalError, RpcError, serverError, type RpcFault } from './json-rpc.js'

/** What a caller is told while something this server depends on is down: come back later, and a reference for the operator. */
export function outageFault(outage: Outage, ref: string): RpcFault {
  const message = outage === 'SHUTTING_DOWN' ? 'The server is shutting down' : 'The server cannot do this at the moment'
  return { code: serverError, message, data: { code: outage, retryable: true, ref } }
}

export const retryAfter = ['Retry-After', '1'] as const

/** What a caller is told who has called a tool too often: all of it also where headers do not get through. */
function limitFault({ ref, secondsLeft }: RateLimitError): RpcFault {
  const message = `Too many calls of this tool; try again in ${secondsLeft} ${secondsLeft === 1 ? 'second' : 'seconds'}`
  return { code: serverError, message, data: { code: 'RATE_LIMITED', retryable: true, retryAfter: secondsLeft, ref } }
}

/** The fault that stands for a thrown value; what is not meant for the caller goes to the log under the reference, which is that of the call where there is one. */
export function faultOf(error: unknown, log: Log, ref: string = randomUUID()): RpcError {
  if (error instanceof RpcError) return error
  if (error instanceof RateLimitError) {
    return new RpcError(limitFault(error), 429, ['Retry-After', String(error.secondsLeft)])
  }
  if (error instanceof UpstreamError) {
    log.write('warn', 'a request met an outage', { ref, error })
    return new RpcError(outageFault(error.outage, ref), 503, retryAfter)
  }
  log.write('error', 'a request failed', { ref, error })
  return new RpcError({ code: internalError, message: `Internal error (ref ${ref})` }, 500)
}
