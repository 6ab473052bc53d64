import { errorText, serverError, type RpcFault } from './json-rpc.js'

/** A whole HTTP answer. `headers` are names and values in turn, as `ServerResponse.writeHead` takes them. */
export interface Answer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string | undefined
}

export const jsonContent = ['Content-Type', 'application/json'] as const

/** A JSON-RPC error that belongs to no request: the message was refused before its id was read. */
export function refusal(status: number, fault: RpcFault, headers: readonly string[] = []): Answer {
  return { status, headers: [...jsonContent, ...headers], body: errorText(undefined, fault) }
}

/** 405 with the methods that would be accepted (RFC 9110 §15.5.6). */
export function methodRefusal(allowed: string): Answer {
  return refusal(405, { code: serverError, message: 'Method not allowed.' }, ['Allow', allowed])
}
