import { RefusedError } from '../refused-error.js'
import type { KnownCaller } from './known-caller.js'
import { responseTo } from './rpc-message.js'
import type { Seen, Sent, TestedServer } from './tested-server.js'

/** A request of the protocol, as every caller makes it. */
export interface Ask {
  /** How the report names it. */
  readonly label: string
  readonly method: 'tools/list' | 'tools/call'
  readonly params?: Readonly<Record<string, unknown>>
}

/** What an ask is sent with instead of the usual. */
export interface Variation extends Partial<Pick<Sent, 'method' | 'url' | 'headers' | 'token'>> {
  readonly id?: number
}

const protocolVersion = '2025-11-25'
const clientInfo = { name: 'authsec-leak-test', version: '1' }

let lastId = Math.floor(Math.random() * 1_000_000)

/** An id that no request had before, so that nothing that was kept by the whole request can answer it. */
export function freshId(): number {
  lastId += 1
  return lastId
}

/** One caller who has said hello to the server, in a session where the server keeps sessions. */
export class CallerConnection {
  readonly caller: KnownCaller
  /** `undefined` where the server keeps no sessions. */
  readonly session: string | undefined
  readonly #server: TestedServer
  readonly #headers: Readonly<Record<string, string>>

  private constructor(server: TestedServer, caller: KnownCaller, opened: Seen) {
    this.#server = server
    this.caller = caller
    this.session = opened.headers.get('mcp-session-id') ?? undefined
    const version = opened.messages
      .map(({ result }) => result?.['protocolVersion'])
      .find((value) => value !== undefined)
    this.#headers = {
      'mcp-protocol-version': typeof version === 'string' ? version : protocolVersion,
      ...(this.session === undefined ? {} : { 'mcp-session-id': this.session }),
    }
  }

  /** Throws `RefusedError` for a caller whom the server does not let in, `ServerSilentError` where it does not answer. */
  static async open(server: TestedServer, caller: KnownCaller): Promise<CallerConnection> {
    const id = freshId()
    const params = { protocolVersion, capabilities: {}, clientInfo }
    const body = { jsonrpc: '2.0', id, method: 'initialize', params }
    const opened = await server.send({ method: 'POST', token: caller.token, body })
    if (responseTo(id, opened.messages)?.result === undefined) {
      throw new RefusedError(`the server does not let ${caller.name} in: status ${opened.status} to initialize`)
    }
    const connection = new CallerConnection(server, caller, opened)
    await connection.#send({ method: 'POST', body: { jsonrpc: '2.0', method: 'notifications/initialized' } })
    return connection
  }

  /** Asks as this caller, unless `variation` says otherwise. */
  ask({ method, params }: Ask, { id = freshId(), ...variation }: Variation = {}): Promise<Seen> {
    const body = { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }
    return this.#send({ method: 'POST', body, ...variation })
  }

  /** Asks for the stream of the session, or for its end. */
  visit(method: 'GET' | 'DELETE', variation: Variation = {}): Promise<Seen> {
    return this.#send({ ...variation, method })
  }

  /** Ends the session. */
  async close(): Promise<void> {
    if (this.session !== undefined) await this.visit('DELETE')
  }

  #send({ headers, ...sent }: Partial<Sent> & Pick<Sent, 'method'>): Promise<Seen> {
    const token = 'token' in sent ? sent.token : this.caller.token
    return this.#server.send({ ...sent, token, headers: { ...this.#headers, ...headers } })
  }
}
