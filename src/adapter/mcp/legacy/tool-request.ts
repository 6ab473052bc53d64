import { invalidParams, isObject, isRequestId, RpcError, type RequestId } from '../http/json-rpc.js'

export interface ToolCall {
  readonly name: string
  readonly args: unknown
}

/** The parameters of `tools/call`. Throws `RpcError` -32602 where they are not what the specification says. */
export function parseToolCall(params: unknown): ToolCall {
  if (!isObject(params) || typeof params['name'] !== 'string') throw invalid('name must be a string')
  const args = params['arguments']
  if (args !== undefined && !isObject(args)) throw invalid('arguments must be an object')
  return { name: params['name'], args: args ?? {} }
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
