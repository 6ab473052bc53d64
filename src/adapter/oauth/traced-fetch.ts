import type { CustomFetch } from 'openid-client'
import type { Span, Tracer } from '../../core/runtime/tracer.js'

/** `fetch` as a step that can be followed: which provider, and how it answered. What was sent and received is nobody's business. */
export function tracedFetch(fetch: CustomFetch, tracer: Tracer): CustomFetch {
  return (url, options) =>
    tracer.trace({ name: options.method, kind: 'client' }, async (span) => {
      if (span.recording) describe(span, URL.parse(url), options.method)
      const response = await fetch(url, options)
      span.set('http.response.status_code', response.status)
      return response
    })
}

/** Neither path nor query: what stands in them may be secret. */
function describe(span: Span, url: URL | null, method: string): void {
  span.set('http.request.method', method)
  if (url === null) return
  span.set('server.address', url.hostname)
  span.set('server.port', Number(url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : url.port))
}
