import type { IncomingHttpHeaders } from 'node:http'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import { isObject, isRequestId, type RequestId } from '../http/json-rpc.js'
import { isQuestion, type ClientAnswer } from './questions.js'
import { parseToolCall, progressTokenOf, type ToolCall } from './tool-request.js'

/** A message that is understood completely. */
export type Recognized =
  | { readonly method: 'ping' | 'tools/list'; readonly id: RequestId }
  | {
      readonly method: 'tools/call'
      readonly id: RequestId
      readonly call: ToolCall
      readonly progressToken: RequestId | undefined
    }

const versions: ReadonlySet<string> = new Set(SUPPORTED_PROTOCOL_VERSIONS)
const jsonUtf8 = /^application\/json(?:; ?charset=utf-8)?$/i
const envelopeMembers: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params'])
const answerMembers: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'result', 'error'])
const metaMembers: ReadonlySet<string> = new Set(['progressToken', 'traceparent', 'tracestate', 'baggage'])
const plainParams: ReadonlySet<string> = new Set(['_meta'])
const callParams: ReadonlySet<string> = new Set(['_meta', 'name', 'arguments'])

/**
 * The request if every member of it and every header is known and well-formed, or `undefined`: then the SDK answers,
 * and says what is wrong in its own words.
 */
export function recognize(headers: IncomingHttpHeaders, message: unknown): Recognized | undefined {
  if (!knowsHeaders(headers) || !isObject(message) || !hasOnly(message, envelopeMembers)) return undefined
  const { jsonrpc, id, method, params } = message
  if (jsonrpc !== '2.0' || !isRequestId(id)) return undefined
  if (method === 'tools/call') return recognizeCall(id, params)
  if (method !== 'ping' && method !== 'tools/list') return undefined
  return Object.hasOwn(message, 'params') && !isKnown(params, plainParams) ? undefined : { method, id }
}

/** The request that `notifications/cancelled` names, if the message is exactly that notification. */
export function recognizeCancelled(message: unknown): RequestId | undefined {
  if (!isObject(message) || message['jsonrpc'] !== '2.0' || message['method'] !== 'notifications/cancelled')
    return undefined
  if (Object.hasOwn(message, 'id') || !hasOnly(message, envelopeMembers) || !isObject(message['params']))
    return undefined
  const { requestId } = message['params']
  return isRequestId(requestId) ? requestId : undefined
}

/** What the client says to a question of ours. */
export interface RecognizedAnswer {
  readonly question: string
  readonly answer: ClientAnswer
}

/** What the client says to which question of ours, if the message is exactly that. */
export function recognizeAnswer(headers: IncomingHttpHeaders, message: unknown): RecognizedAnswer | undefined {
  if (!knowsHeaders(headers) || !isObject(message) || !hasOnly(message, answerMembers)) return undefined
  const { jsonrpc, id, result, error } = message
  if (jsonrpc !== '2.0' || !isQuestion(id) || (result === undefined) === (error === undefined)) return undefined
  return { question: id, answer: result === undefined ? { error } : { result } }
}

function recognizeCall(id: RequestId, params: unknown): Recognized | undefined {
  if (!isKnown(params, callParams) || typeof params['name'] !== 'string') return undefined
  if (Object.hasOwn(params, 'arguments') && !isObject(params['arguments'])) return undefined
  return { method: 'tools/call', id, call: parseToolCall(params), progressToken: progressTokenOf(params) }
}

/** `Mcp-Method` and `Mcp-Name` belong to a later protocol, so a request that has them is not ours to recognize. */
function knowsHeaders(headers: IncomingHttpHeaders): boolean {
  const { accept } = headers
  const version = headers['mcp-protocol-version']
  if (accept === undefined || !accept.includes('application/json') || !accept.includes('text/event-stream'))
    return false
  if (version !== undefined && (typeof version !== 'string' || !versions.has(version))) return false
  if (headers['mcp-method'] !== undefined || headers['mcp-name'] !== undefined) return false
  return jsonUtf8.test(headers['content-type'] ?? '')
}

function isKnown(params: unknown, members: ReadonlySet<string>): params is Readonly<Record<string, unknown>> {
  if (!isObject(params) || !hasOnly(params, members)) return false
  if (!Object.hasOwn(params, '_meta')) return true
  const meta = params['_meta']
  if (!isObject(meta) || !hasOnly(meta, metaMembers)) return false
  return !Object.hasOwn(meta, 'progressToken') || isRequestId(meta['progressToken'])
}

function hasOnly(value: Readonly<Record<string, unknown>>, members: ReadonlySet<string>): boolean {
  for (const member of Object.keys(value)) if (!members.has(member)) return false
  return true
}
