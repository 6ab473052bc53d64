import { request as send, type ClientRequest } from 'node:http'
import { messagesOf, type McpHarness, type Message, type Sent } from './mcp-harness.js'

const listChanged = 'notifications/tools/list_changed'

/** The GET stream of a session, or the answer to a POST that becomes a stream, read as it comes. */
export class OpenStream {
  readonly #outgoing: ClientRequest
  #text = ''
  #ended = false

  /** Resolves when the stream is open. Throws `TypeError` where it is refused. */
  static async open(
    { agent, port }: McpHarness,
    { session, token = null, path = '/mcp', body }: Sent,
  ): Promise<OpenStream> {
    const headers = {
      accept: 'application/json, text/event-stream',
      ...(session === undefined ? {} : { 'mcp-session-id': session }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const method = body === undefined ? 'GET' : 'POST'
    const outgoing = send({ host: '127.0.0.1', port, path, method, headers, agent })
    const stream = new OpenStream(outgoing)
    await new Promise<void>((resolve, reject) => {
      outgoing.on('error', reject)
      outgoing.on('response', (incoming) => {
        if (incoming.statusCode !== 200) reject(new TypeError(`no stream: ${incoming.statusCode}`))
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk: string) => {
          stream.#text += chunk
        })
        incoming.on('error', () => undefined)
        incoming.on('close', () => {
          stream.#ended = true
        })
        resolve()
      })
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
    return stream
  }

  private constructor(outgoing: ClientRequest) {
    this.#outgoing = outgoing
  }

  get ended(): boolean {
    return this.#ended
  }

  get messages(): readonly Message[] {
    return messagesOf(this.#text.slice(0, this.#text.lastIndexOf('\n\n') + 1))
  }

  /** How often it said that the list of tools has changed. */
  get changes(): number {
    return changesIn(this.messages)
  }

  close(): void {
    this.#outgoing.on('error', () => undefined)
    this.#outgoing.destroy()
  }
}

/** How often an answer says that the list of tools has changed. */
export function changesIn(messages: readonly Message[]): number {
  return messages.filter(({ method }) => method === listChanged).length
}
