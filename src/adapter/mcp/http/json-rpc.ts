/** The id of a JSON-RPC request (JSON-RPC 2.0 §4, without `null` as the Model Context Protocol demands). */
export type RequestId = string | number

export const parseError = -32700
export const invalidRequest = -32600
export const methodNotFound = -32601
export const invalidParams = -32602
export const internalError = -32603
export const serverError = -32000
export const sessionNotFound = -32001

export interface RpcFault {
  readonly code: number
  readonly message: string
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

/** A fault that is answered as it stands: `code`, `message` and `data` go to the caller. */
export class RpcError extends Error implements RpcFault {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data: Readonly<Record<string, unknown>> | undefined
  /** The HTTP status while no byte of the answer has left. */
  readonly status: number
  /** Those that go with the status, names and values in turn. */
  readonly headers: readonly string[]

  constructor(fault: RpcFault, status = 200, headers: readonly string[] = []) {
    super(fault.message)
    this.code = fault.code
    this.data = fault.data
    this.status = status
    this.headers = headers
  }
}

/** A successful answer, with a result that is JSON already. */
export function resultText(id: RequestId, resultJson: string): string {
  return `{"result":${resultJson},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`
}

/** An error answer; `undefined` for a request whose id is not known. */
export function errorText(id: RequestId | undefined, { code, message, data }: RpcFault): string {
  const error = { code, message, ...(data === undefined ? {} : { data }) }
  return JSON.stringify(id === undefined ? { jsonrpc: '2.0', error, id: null } : { jsonrpc: '2.0', id, error })
}

/** A one-way message to the client. */
export function notificationText(method: string, params: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ method, params, jsonrpc: '2.0' })
}

/** The id of a message if it is a request, as far as that can be told without a schema. */
export function requestIdOf(message: unknown): RequestId | undefined {
  if (!isObject(message) || !Object.hasOwn(message, 'method') || !Object.hasOwn(message, 'id')) return undefined
  return isRequestId(message['id']) ? message['id'] : undefined
}

/** Whether `value` can be the id of a request or a progress token. */
export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value)
}

/** Whether `value` is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
