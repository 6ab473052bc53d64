import { createServer, type Server } from 'node:https'
import { createFetcher } from '../../src/adapter/net/create-fetcher.js'
import type { Fetcher } from '../../src/core/runtime/fetcher.js'
import { CertificateAuthority } from './certificates.js'

interface Served {
  readonly body: string
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** What was posted to the site. */
export interface Posted {
  readonly path: string
  readonly body: string
}

/** The web site of a client, by https on this computer under any of its names, and the way to it. */
export class DocumentSite {
  readonly fetcher: Fetcher
  /** Who vouches for it, as PEM. */
  readonly authority: string
  /** Every path that was asked for. */
  readonly asked: string[] = []
  readonly posted: Posted[] = []
  /** Nobody is answered while this holds. */
  hangs = false
  readonly #served = new Map<string, Served>()
  readonly #server: Server
  #port = 0

  private constructor(names: readonly string[]) {
    const authority = new CertificateAuthority()
    this.authority = authority.pem
    this.fetcher = createFetcher({
      ca: [authority.pem],
      milliseconds: 1_000,
      lookup: () => Promise.resolve(['127.0.0.1']),
    })
    this.#server = createServer(authority.issue({ names }), (request, response) => {
      const path = request.url ?? ''
      this.asked.push(path)
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        if (request.method === 'POST') this.posted.push({ path, body: Buffer.concat(chunks).toString() })
        if (this.hangs) return
        const { body, headers, status } = this.#served.get(path) ?? { body: '', headers: {}, status: 404 }
        response.writeHead(status ?? 200, { 'content-type': 'application/json', ...headers }).end(body)
      })
    })
  }

  static async start(...names: readonly string[]): Promise<DocumentSite> {
    const site = new DocumentSite(names)
    await new Promise<void>((resolve) => site.#server.listen(0, '127.0.0.1', resolve))
    const address = site.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    site.#port = address.port
    return site
  }

  /** The URL of a path under one of its names. */
  url(name: string, path: string): string {
    return `https://${name}:${this.#port}${path}`
  }

  serve(path: string, body: string, more: Omit<Served, 'body'> = {}): void {
    this.#served.set(path, { body, ...more })
  }

  /** Serves a sound document at this path, with these members besides; answers with its client_id. */
  publish(name: string, path: string, members: Readonly<Record<string, unknown>> = {}): string {
    const client_id = this.url(name, path)
    const redirect_uris = ['https://client.example/callback']
    this.serve(path, JSON.stringify({ client_id, client_name: 'Notes', redirect_uris, ...members }))
    return client_id
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
