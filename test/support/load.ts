import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from './until.js'

export interface Answered {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** A client of one server, as somebody or nobody, with a session that outlives the server's process. */
export class LoadClient {
  readonly #url: string
  readonly #token: string | undefined
  #session: string | undefined

  constructor(url: string, token: string | undefined) {
    this.#url = url
    this.#token = token
  }

  /** Opens its session. */
  async open(): Promise<this> {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'load', version: '1' } }
    const { headers, status, text } = await this.send('initialize', params)
    if (status !== 200) throw new TypeError(`no session: ${status} ${text}`)
    this.#session = headers.get('mcp-session-id') ?? undefined
    return this
  }

  /** One request. Rejects where no answer comes. */
  async send(method: string, params: object = {}, signal?: AbortSignal): Promise<Answered> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: this.#headers({ accept: 'application/json, text/event-stream' }),
      body: JSON.stringify({ jsonrpc: '2.0', id: randomUUID(), method, params }),
      ...(signal === undefined ? {} : { signal }),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  /** Opens the stream of the session; answers with a promise of its end. */
  async listen(): Promise<{ readonly ended: Promise<void> }> {
    const response = await fetch(this.#url, { headers: this.#headers({ accept: 'text/event-stream' }) })
    if (response.status !== 200) throw new TypeError(`no stream: ${response.status}`)
    return { ended: response.text().then(() => undefined) }
  }

  call(name: string, args: object = {}): Promise<Answered> {
    return this.send('tools/call', { name, arguments: args })
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    return {
      ...{ 'content-type': 'application/json', 'mcp-protocol-version': '2025-11-25', ...more },
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(this.#session === undefined ? {} : { 'mcp-session-id': this.#session }),
    }
  }
}

/** Calls of `book` from several clients at once, until it is stopped: what was asked, and what was answered with success. */
export class Load {
  readonly asked: string[] = []
  readonly acknowledged: string[] = []
  /** Everything else that was answered: status and body. */
  readonly refused: Answered[] = []
  readonly #clients: readonly LoadClient[]
  #running: Promise<unknown> | undefined
  #stopped = false

  constructor(clients: readonly LoadClient[]) {
    this.#clients = clients
  }

  begin(): void {
    this.#stopped = false
    this.#running = Promise.all(this.#clients.map((client) => this.#work(client)))
  }

  /** Resolves when so many calls were answered with success. */
  async acknowledges(count: number): Promise<void> {
    await until(() => this.acknowledged.length >= count, 60_000)
  }

  /** Resolves when every call is answered or broken. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #work(client: LoadClient): Promise<void> {
    while (!this.#stopped) {
      const nonce = randomUUID()
      this.asked.push(nonce)
      try {
        const answer = await client.call('book', { nonce, ms: Math.floor(Math.random() * 30) })
        if (answer.status === 200 && answer.text.includes(nonce)) this.acknowledged.push(nonce)
        else this.refused.push(answer)
      } catch {
        // Nobody answered: it may have been booked or not.
        await pause(100)
      }
    }
  }
}
