import { request as send, type IncomingMessage, type RequestOptions } from 'node:http'
import { hostAndPort } from './host-and-port.js'

export interface BackChannelOptions {
  /** What the listener is bound to. */
  readonly host: string
  readonly port: number
  /** The only origin that is reached. */
  readonly publicUrl: string
}

const mostBytes = 262_144
const milliseconds = 5_000

/**
 * Requests from this process to its own authorization server, straight to the listener: the public name may lead through a proxy
 * that this machine cannot reach. Rejects with `TypeError` for any other origin, for an answer of more than 256 KiB, and when none
 * comes within 5 s. Redirects are not followed.
 */
export function createBackChannel({ host, port, publicUrl }: BackChannelOptions): typeof fetch {
  const target = { ...hostAndPort(host), port }
  return async (input, init) => {
    const request = new Request(input, init)
    const { origin, host: name, pathname, search } = new URL(request.url)
    if (origin !== publicUrl) throw new TypeError('the back channel leads to this server only')
    // A timeout signal that nothing else holds can be collected as garbage, and then never comes: this one is held by its timer.
    const ending = new AbortController()
    const timer = setTimeout(() => {
      ending.abort(new TypeError(`no answer within ${milliseconds} ms`))
    }, milliseconds)
    const signal = AbortSignal.any([request.signal, ending.signal])
    try {
      const headers = { ...Object.fromEntries(request.headers), host: name }
      const { method } = request
      const body = await request.text()
      // No connection is kept: the listener may have closed it a moment before it is used again.
      const options = { ...target, method, path: pathname + search, headers, signal, agent: false }
      const answer = await exchange(options, body)
      return toResponse(answer, await read(answer))
    } finally {
      clearTimeout(timer)
    }
  }
}

function exchange(options: RequestOptions, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = send(options, resolve)
    request.on('error', reject)
    request.end(body === '' ? undefined : body)
  })
}

async function read(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size > mostBytes) throw new TypeError('the answer is too large')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

function toResponse({ statusCode = 502, headers }: IncomingMessage, body: Buffer): Response {
  const copied = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) copied.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const empty = statusCode === 204 || statusCode === 304
  return new Response(empty ? null : new Uint8Array(body), { status: statusCode, headers: copied })
}
