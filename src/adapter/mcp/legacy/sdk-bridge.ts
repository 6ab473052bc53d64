import { errorText, type RpcError } from '../http/json-rpc.js'
import type { LegacyRequest } from './legacy-request.js'
import type { SdkPair } from './sdk-pair.js'

/** What the transport of the SDK may see of a request. */
const forwarded = ['accept', 'content-type', 'mcp-protocol-version'] as const

/** What came of opening a session. Apart from the request, which must not live as long as the session's callbacks. */
export interface Opening {
  opened: boolean
  /** How many sessions of the same principal have ended to make room. */
  evicted: number
  /** Why it was not opened. */
  fault: RpcError | undefined
}

export interface Forwarding {
  readonly request: LegacyRequest
  readonly pair: SdkPair
  /** What the transport takes for the session's id. */
  readonly sessionDigest: string | undefined
  /** What the client is told where the transport names its session. */
  readonly sessionId: string | undefined
  /** Where the request may open a session. */
  readonly opening?: Opening | undefined
  readonly onStream?: (() => void) | undefined
}

/** Lets the SDK answer an exchange; resolves when the answer is out or the exchange was stopped. */
export async function forward(forwarding: Forwarding): Promise<void> {
  const { request, pair, sessionId } = forwarding
  const { exchange } = request
  const stopped = new Promise<undefined>((resolve) => exchange.onStop(() => resolve(undefined)))
  // The token itself goes nowhere; who calls travels in `request`.
  const authInfo = { token: '', clientId: exchange.caller?.clientId ?? '', scopes: [], extra: { request } }
  const options = { authInfo, ...(exchange.message === undefined ? {} : { parsedBody: exchange.message }) }
  const answer = await Promise.race([pair.transport.handleRequest(webRequest(forwarding), options), stopped])
  if (answer === undefined) return
  if (forwarding.opening?.fault !== undefined) request.fault = forwarding.opening.fault
  else if (answer.headers.has('mcp-session-id') && sessionId !== undefined) {
    exchange.reply.add('Mcp-Session-Id', sessionId)
  }
  if (answer.body !== null && answer.headers.get('content-type') === 'text/event-stream') {
    await pump(forwarding, answer.body)
    return
  }
  const body = await answer.text()
  if (fails(request)) return
  exchange.reply.send({ status: answer.status, headers: headersOf(answer), body: body === '' ? undefined : body })
}

async function pump({ request, onStream }: Forwarding, body: ReadableStream<Uint8Array>): Promise<void> {
  const { exchange } = request
  const reader = body.getReader()
  exchange.onStop(() => void reader.cancel())
  if (exchange.id === undefined) {
    exchange.reply.openStream()
    onStream?.()
  }
  // The head waits for the first event, because an outage is answered with a status of its own.
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    if (fails(request)) {
      await reader.cancel()
      return
    }
    exchange.reply.chunk(chunk.value)
    await exchange.reply.drained()
  }
  exchange.reply.end()
}

/** Answers with the handler's fault if that has a status of its own and nothing is out yet. */
function fails({ exchange, fault }: LegacyRequest): boolean {
  if (fault === undefined || fault.status === 200 || exchange.reply.streaming) return false
  exchange.reply.finish(errorText(exchange.id, fault), fault.status, fault.headers)
  return true
}

function headersOf({ headers }: Response): readonly string[] {
  return ['Content-Type', 'Allow'].flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [name, value]
  })
}

function webRequest({ request, sessionDigest }: Forwarding): Request {
  const { exchange } = request
  const headers = new Headers()
  for (const name of forwarded) {
    const value = exchange.request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  if (sessionDigest !== undefined) headers.set('mcp-session-id', sessionDigest)
  return new Request(exchange.endpoint.resource, { method: exchange.request.method ?? 'POST', headers })
}
