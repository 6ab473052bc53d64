import { randomUUID } from 'node:crypto'
import { UpstreamError, type Outage } from '../../../core/error/upstream-error.js'
import type { Log } from '../../../core/runtime/log.js'
import { internalError, RpcError, serverError, type RpcFault } from './json-rpc.js'

/** What a caller is told while something this server depends on is down: come back later, and a reference for the operator. */
export function outageFault(outage: Outage, ref: string): RpcFault {
  const message = outage === 'SHUTTING_DOWN' ? 'The server is shutting down' : 'The server cannot do this at the moment'
  return { code: serverError, message, data: { code: outage, retryable: true, ref } }
}

export const retryAfter = ['Retry-After', '1'] as const

/** The fault that stands for a thrown value; what is not meant for the caller goes to the log under the reference. */
export function faultOf(error: unknown, log: Log): RpcError {
  if (error instanceof RpcError) return error
  const ref = randomUUID()
  if (error instanceof UpstreamError) {
    log.write('warn', 'a request met an outage', { ref, error })
    return new RpcError(outageFault(error.outage, ref), 503)
  }
  log.write('error', 'a request failed', { ref, error })
  return new RpcError({ code: internalError, message: `Internal error (ref ${ref})` }, 500)
}
