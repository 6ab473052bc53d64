import { addressedFetch, listen, type Way } from './addressed-fetch.js'

export interface Caller {
  readonly path: '/mcp' | '/mcp/oauth'
  /** `undefined` for a client that signs in with the five tools. */
  readonly token: string | undefined
}

export interface ToolAnswer {
  /** Of the tool, or of the error. */
  readonly text: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly allowed: boolean
}

interface Message {
  readonly result?: {
    readonly tools?: readonly { readonly name: string }[]
    readonly content?: readonly { readonly text: string }[]
    readonly structuredContent?: Readonly<Record<string, unknown>>
  }
  readonly error?: { readonly message: string }
}

const protocolVersion = '2025-11-25'

/** A session of Streamable HTTP that knows of no server but what it is called by. */
export class McpSession {
  readonly caller: Caller
  readonly #way: Way
  #id = ''
  #requests = 0

  private constructor(way: Way, caller: Caller) {
    this.#way = way
    this.caller = caller
  }

  static async open(way: Way, caller: Caller): Promise<McpSession> {
    const session = new McpSession(way, caller)
    const clientInfo = { name: 'replicas', version: '1.0.0' }
    const response = await session.#post('initialize', { protocolVersion, capabilities: {}, clientInfo })
    const id = response.headers.get('mcp-session-id')
    if (id === null) throw new TypeError(`no session: ${response.status} ${await response.text()}`)
    session.#id = id
    const noted = await session.#send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    if (noted.status !== 202) throw new TypeError(`a notification was answered with ${noted.status}`)
    return session
  }

  /** The same session by another way, such as straight to one server. */
  by(way: Partial<Way>): McpSession {
    const session = new McpSession({ ...this.#way, ...way }, this.caller)
    session.#id = this.#id
    session.#requests = 1_000_000 * Math.random()
    return session
  }

  /** Throws `TypeError` for every answer but a list. */
  async list(): Promise<readonly string[]> {
    const { tools } = (await this.#ask('tools/list')).result ?? {}
    if (tools === undefined) throw new TypeError('tools/list was answered without a list')
    return tools.map(({ name }) => name)
  }

  /** Throws `TypeError` where the answer is no answer of a tool and no refusal. */
  async call(name: string, args: object = {}): Promise<ToolAnswer> {
    const { result, error } = await this.#ask('tools/call', { name, arguments: args })
    const text = result?.content?.[0]?.text ?? error?.message ?? ''
    return { text, facts: result?.structuredContent ?? {}, allowed: error === undefined }
  }

  /** Listens until the stream ends. */
  listen(onOpen: (close: () => void) => void): Promise<'ended' | 'lost'> {
    const headers = { ...this.#headers(), accept: 'text/event-stream' }
    return listen(this.#way, new Request(this.#url, { headers }), onOpen)
  }

  get #url(): string {
    return this.#way.origin + this.caller.path
  }

  async #ask(method: string, params?: object): Promise<Message> {
    const response = await this.#post(method, params)
    const text = await response.text()
    if (response.status !== 200) throw new TypeError(`${method} was answered with ${response.status}: ${text}`)
    const json = text.startsWith('{') ? text : (text.split('\n').findLast((line) => line.startsWith('data: ')) ?? '')
    return JSON.parse(json.replace(/^data: /, '')) as Message
  }

  #post(method: string, params?: object): Promise<Response> {
    this.#requests += 1
    return this.#send({ jsonrpc: '2.0', id: `r${this.#requests}`, method, params })
  }

  #send(message: object): Promise<Response> {
    const body = JSON.stringify(message)
    const headers = { ...this.#headers(), 'content-type': 'application/json' }
    return addressedFetch(this.#way)(this.#url, { method: 'POST', headers, body })
  }

  #headers(): Record<string, string> {
    const { token } = this.caller
    return {
      accept: 'application/json, text/event-stream',
      ...(this.#id === '' ? {} : { 'mcp-session-id': this.#id, 'mcp-protocol-version': protocolVersion }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
  }
}
