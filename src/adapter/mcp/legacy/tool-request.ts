import { traceIdIn } from '../../../core/runtime/trace-parent.js'
import { invalidParams, isObject, isRequestId, RpcError, type RequestId } from '../http/json-rpc.js'

export interface ToolCall {
  readonly name: string
  readonly args: unknown
  /** Of the trace that the message itself names (SEP-414). */
  readonly traceId?: string
}

/** The parameters of `tools/call`. Throws `RpcError` -32602 where they are not what the specification says. */
export function parseToolCall(params: unknown): ToolCall {
  if (!isObject(params) || typeof params['name'] !== 'string') throw invalid('name must be a string')
  const args = params['arguments']
  if (args !== undefined && !isObject(args)) throw invalid('arguments must be an object')
  const meta = params['_meta']
  const traceId = isObject(meta) ? traceIdIn(meta['traceparent']) : undefined
  return { name: params['name'], args: args ?? {}, ...(traceId && { traceId }) }
}

/** Accepts the parameters of `tools/list`. Throws `RpcError` -32602 for a cursor: there is one page, and none was given out. */
export function checkListParams(params: unknown): void {
  if (isObject(params) && params['cursor'] !== undefined) throw invalid('unknown cursor')
}

/** The token under which the client wants to hear of progress. */
export function progressTokenOf(params: unknown): RequestId | undefined {
  const meta = isObject(params) ? params['_meta'] : undefined
  const token = isObject(meta) ? meta['progressToken'] : undefined
  return isRequestId(token) ? token : undefined
}

function invalid(what: string): RpcError {
  return new RpcError({ code: invalidParams, message: `Invalid params: ${what}` })
}
