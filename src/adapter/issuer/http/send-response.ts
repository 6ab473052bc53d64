import type { ServerResponse } from 'node:http'

const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** On every answer of the authorization server, also those that the provider writes: no frame, no script, no cache, no referrer. */
export function setSecurityHeaders(response: ServerResponse): void {
  response.setHeader('content-security-policy', contentSecurityPolicy)
  response.setHeader('x-frame-options', 'DENY')
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('cache-control', 'no-store')
}

/** For a page with the one script at this URL: no other runs there, and none inside the page. */
export function allowScript(response: ServerResponse, url: string): void {
  response.setHeader('content-security-policy', `${contentSecurityPolicy}; script-src ${url}`)
}

/** For endpoints that public clients call from any page: readable by every origin, never with its cookies. */
export function allowAnyOrigin(response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-expose-headers', 'WWW-Authenticate, Retry-After')
}

/** Sends a page with `status`. */
export function sendPage(response: ServerResponse, status: number, page: string): void {
  send(response, { status, type: 'text/html; charset=utf-8', body: page })
}

/** Sends `body` as JSON with `status`. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, { status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) })
}

/** Sends what pages are made with and what is the same for everybody: the one thing here that a browser may keep. */
export function sendAsset(response: ServerResponse, type: string, body: string): void {
  response.setHeader('cache-control', 'public, max-age=300')
  send(response, { status: 200, type, body })
}

/** Sends the browser elsewhere with 303, which never repeats a body (RFC 9700 §4.12). */
export function sendSeeOther(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, 'content-length': 0 })
  response.end()
}

/** Answers a preflight for `methods`. */
export function sendPreflight(response: ServerResponse, methods: readonly string[]): void {
  response.setHeader('access-control-allow-methods', methods.join(', '))
  response.setHeader('access-control-allow-headers', 'Authorization, Content-Type, MCP-Protocol-Version')
  response.setHeader('access-control-max-age', '3600')
  response.writeHead(204)
  response.end()
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

function send(response: ServerResponse, answer: Answer): void {
  response.setHeader('content-type', answer.type)
  response.setHeader('content-length', Buffer.byteLength(answer.body))
  response.writeHead(answer.status)
  response.end(response.req.method === 'HEAD' ? undefined : answer.body)
}
