import { request as send, type IncomingMessage } from 'node:http'

/** Requests to a public origin that come to a port of this machine, as through the proxy before a server. Redirects are not followed. */
export function namedFetch(publicOrigin: string, port: number): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const { origin, host, pathname, search } = new URL(request.url)
    if (origin !== publicOrigin) throw new TypeError(`${origin} leads nowhere`)
    const headers = { ...Object.fromEntries(request.headers), host, 'x-forwarded-proto': 'https' }
    const target = { host: '127.0.0.1', port, method: request.method, path: pathname + search, headers, agent: false }
    const body = await request.text()
    return new Promise((resolve, reject) => {
      const outgoing = send(target, (incoming) => resolve(toResponse(incoming)))
      outgoing.on('error', reject)
      outgoing.end(body === '' ? undefined : body)
    })
  }
}

/** The answer as `fetch` would give it, whole. */
export async function toResponse(incoming: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk as Uint8Array))
  const headers = new Headers()
  const { rawHeaders, statusCode: status = 502 } = incoming
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
  }
  return new Response(status === 204 ? null : Buffer.concat(chunks), { status, headers })
}
