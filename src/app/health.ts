import type { HttpHandler } from './listener.js'
import type { Readiness } from './readiness.js'
import { securityHeaders } from './security-headers.js'

/** `/healthz` (this process answers) and `/readyz` (it should be sent requests): 200 or 503, and nothing more. */
export function createHealthHandler(readiness: Pick<Readiness, 'isReady'>): HttpHandler {
  return async (request, response) => {
    const [path] = (request.url ?? '').split('?')
    if (path !== '/healthz' && path !== '/readyz') return false
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...securityHeaders, allow: 'GET, HEAD' }).end()
      return true
    }
    const ready = path === '/healthz' || (await readiness.isReady())
    response.writeHead(ready ? 200 : 503, { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8' })
    response.end(request.method === 'HEAD' ? undefined : ready ? 'ok\n' : 'not ready\n')
    return true
  }
}
