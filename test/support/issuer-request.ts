import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What came to an issuer. */
export interface IssuerRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Reads a request to its end. */
export async function readRequest(incoming: IncomingMessage): Promise<IssuerRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk as Uint8Array))
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://issuer.example')
  const { method = 'GET', headers } = incoming
  return { method, path: pathname, query: searchParams, headers, body: Buffer.concat(chunks).toString() }
}
