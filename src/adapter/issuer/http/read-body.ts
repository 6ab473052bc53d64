import { IncomingMessage } from 'node:http'

/** The body, or `undefined` where it has more than `mostBytes`, however it was sent. */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) return undefined
  const chunks: Buffer[] = []
  let received = 0
  // The connection is still needed for the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk as Uint8Array)
    received += bytes.length
    if (received > mostBytes) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

/** The same request with `body` still to be read, for a reader whose own limit is another one. */
export function withBody(request: IncomingMessage, body: Buffer): IncomingMessage {
  const { method, url, httpVersion, httpVersionMajor, httpVersionMinor } = request
  const { 'transfer-encoding': _encoding, ...headers } = request.headers
  const copy = Object.assign(new IncomingMessage(request.socket), {
    ...{ method, url, httpVersion, httpVersionMajor, httpVersionMinor, complete: true },
    headers: { ...headers, 'content-length': String(body.length) },
  })
  copy.push(body)
  copy.push(null)
  return copy
}
