import { isUtf8 } from 'node:buffer'
import { nestsDeeperThan } from './json-depth.js'
import { invalidRequest, parseError, type RpcFault } from './json-rpc.js'

const deepest = 64

export type ParsedMessage =
  { readonly valid: true; readonly message: unknown } | { readonly valid: false; readonly fault: RpcFault }

/** One JSON-RPC message from its bytes: UTF-8, nested at most 64 deep, parsed once, never a batch. */
export function parseMessage(body: Buffer): ParsedMessage {
  if (!isUtf8(body)) return invalid(parseError, 'Parse error: the body is not UTF-8')
  if (nestsDeeperThan(body, deepest)) return invalid(invalidRequest, 'Invalid Request: nested too deeply')
  let message: unknown
  try {
    message = JSON.parse(body.toString('utf8'))
  } catch {
    return invalid(parseError, 'Parse error: Invalid JSON')
  }
  // Forbidden from 2025-06-18 on; at older versions too, because whoever looks at `method` must see every message.
  if (Array.isArray(message)) return invalid(invalidRequest, 'Invalid Request: batches are not supported')
  return { valid: true, message }
}

function invalid(code: number, message: string): ParsedMessage {
  return { valid: false, fault: { code, message } }
}
