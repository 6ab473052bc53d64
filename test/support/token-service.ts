import type { IncomingMessage, ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import type { CredentialRotator } from '../../src/core/external-service/rotation/credential-rotator.js'
import { listenHttp, type TestListener } from './test-listener.js'

/** A service on this computer that gives tokens, takes them, and ends them when it is told to. */
export class TokenService {
  /** What it takes. */
  readonly valid = new Set<string>()
  /** Statuses that the path `/user` is answered with, before tokens are looked at. */
  readonly faults: number[] = []
  readonly #made = new Map<string, string>()
  #listener: TestListener | undefined

  static async open(): Promise<TokenService> {
    const service = new TokenService()
    service.#listener = await listenHttp((request, response) => service.#answer(request, response), '127.0.0.1')
    return service
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener?.port}`
  }

  /** A token as its administrator makes one. */
  issue(): string {
    const token = `token-${randomUUID()}`
    this.valid.add(token)
    return token
  }

  /** How an application has tokens made here: one for each attempt, whatever it takes. */
  rotator(): CredentialRotator {
    return {
      create: async ({ attempt, credential, signal }) => {
        const headers = { authorization: `Bearer ${credential['access_token']?.reveal()}` }
        const answer = await fetch(`${this.url}/tokens/${attempt}`, { method: 'PUT', headers, signal })
        return { access_token: await answer.text() }
      },
      revoke: async ({ credential, signal }) => {
        const headers = { authorization: `Bearer ${credential['access_token']?.reveal()}` }
        await fetch(`${this.url}/tokens`, { method: 'DELETE', headers, signal })
      },
    }
  }

  async close(): Promise<void> {
    await this.#listener?.close()
  }

  #answer({ headers, method, url = '' }: IncomingMessage, response: ServerResponse): void {
    const token = String(headers.authorization).replace('Bearer ', '')
    const fault = url === '/user' ? this.faults.shift() : undefined
    if (fault !== undefined || !this.valid.has(token)) return void response.writeHead(fault ?? 401).end()
    if (method === 'DELETE') this.valid.delete(token)
    response.end(method === 'PUT' ? this.#make(url) : 'ok')
  }

  #make(attempt: string): string {
    const known = this.#made.get(attempt)
    if (known !== undefined) return known
    const token = this.issue()
    this.#made.set(attempt, token)
    return token
  }
}
