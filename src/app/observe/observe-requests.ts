import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TrustedProxies } from '../../adapter/net/trusted-proxies.js'
import { tellOrigin } from '../../core/audit/request-origin.js'
import type { Meter } from '../../core/runtime/meter.js'
import type { Span, SpanStart, Tracer } from '../../core/runtime/tracer.js'
import type { HttpHandler } from '../listener.js'
import { routeOf } from './route-of.js'

export interface RequestObservers {
  readonly tracer: Tracer
  readonly meter: Meter | undefined
  /** Whose word counts for who sent a request; nobody's where it is absent. */
  readonly proxies?: TrustedProxies | undefined
}

const methods: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'])

/** The same as these handlers one after another, with a span and a count for each request, of which is known from then on who sent it. */
export function observeRequests(handlers: readonly HttpHandler[], observers: RequestObservers): HttpHandler {
  return (request, response) => {
    const route = routeOf(request.url)
    const method = methods.has(request.method ?? '') ? (request.method ?? '') : 'OTHER'
    meter(observers.meter, response, { route, method })
    tellOrigin(request, { address: observers.proxies?.clientOf(request), receivedAt: performance.now() })
    const answer = (): Promise<boolean> => answerWith(handlers, request, response)
    if (isUnfollowed(route, request)) return answer()
    const start: SpanStart = { name: `${method} ${route}`, kind: 'server', carrier: request.headers }
    return observers.tracer.trace(start, async (span) => {
      tellOrigin(request, { traceId: span.traceId })
      span.set('http.request.method', method)
      span.set('http.route', route)
      const answered = await answer()
      describe(span, answered ? response.statusCode : 404)
      return answered
    })
  }
}

interface Named {
  readonly route: string
  readonly method: string
}

function meter(counts: Meter | undefined, response: ServerResponse, named: Named): void {
  if (counts === undefined) return
  const startedAt = performance.now()
  response.once('close', () => {
    const { statusCode: status } = response
    const streams = String(response.getHeader('content-type')).startsWith('text/event-stream')
    counts.requested({ ...named, status, seconds: streams ? undefined : (performance.now() - startedAt) / 1000 })
  })
}

async function answerWith(
  handlers: readonly HttpHandler[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  for (const handler of handlers) if (await handler(request, response)) return true
  return false
}

/** A stream lasts for hours, and nobody wants to see each look at our health. */
function isUnfollowed(route: string, { method }: IncomingMessage): boolean {
  return (method === 'GET' && route.startsWith('/mcp')) || route === '/healthz' || route === '/readyz'
}

function describe(span: Span, status: number): void {
  span.set('http.response.status_code', status)
  if (status >= 500) span.fail(String(status))
}
