import { Client as NextClient, StreamableHTTPClientTransport as NextTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { until } from './until.js'

/** What a client sees that has not signed in, in order. */
export const signInTools = [
  'oauth_start',
  'oauth_authenticate',
  'oauth_status',
  'oauth_logout',
  'oauth_user_info',
] as const

/** An answer of one of the five tools, or of any other. */
export interface ToolAnswer {
  readonly isError: boolean
  readonly text: string
  /** The structured content, or what the text of a refusal says. */
  readonly facts: Readonly<Record<string, unknown>>
}

export interface StartedSignIn {
  readonly url: string
  readonly number: string
  readonly facts: Readonly<Record<string, unknown>>
}

export interface ClientName {
  readonly name: string
  readonly version: string
}

interface Peer {
  readonly sessionId: () => string | undefined
  readonly list: () => Promise<readonly string[]>
  readonly call: (name: string, args: Record<string, unknown>) => Promise<unknown>
  readonly close: () => Promise<void>
}

/** A real MCP client that brings no token. */
export class LoginClient {
  readonly #peer: Peer
  #listChanges = 0

  private constructor(connect: (onListChanged: () => void) => Peer) {
    this.#peer = connect(() => {
      this.#listChanges += 1
    })
  }

  /** `@modelcontextprotocol/sdk` over HTTP. */
  static overHttp(url: string, about: ClientName): Promise<LoginClient> {
    const transport = new StreamableHTTPClientTransport(new URL(url))
    return LoginClient.#over(transport, about, () => transport.sessionId)
  }

  /** `@modelcontextprotocol/sdk` over stdio: the transport starts the server. */
  static overStdio(transport: StdioClientTransport, about: ClientName): Promise<LoginClient> {
    return LoginClient.#over(transport, about, () => undefined)
  }

  /** `@modelcontextprotocol/client` over HTTP, which tries the newest protocol first. */
  static async nextOverHttp(url: string, about: ClientName): Promise<LoginClient> {
    const client = new NextClient(about, { versionNegotiation: { mode: 'auto' } })
    const transport = new NextTransport(new URL(url))
    const login = new LoginClient((onListChanged) => {
      client.setNotificationHandler('notifications/tools/list_changed', onListChanged)
      return {
        sessionId: () => transport.sessionId,
        list: async () => (await client.listTools()).tools.map(({ name }) => name),
        call: (name, args) => client.callTool({ name, arguments: args }),
        close: () => client.close(),
      }
    })
    await client.connect(transport)
    return login
  }

  static async #over(
    transport: StdioClientTransport | StreamableHTTPClientTransport,
    about: ClientName,
    sessionId: Peer['sessionId'],
  ): Promise<LoginClient> {
    const client = new Client(about)
    const login = new LoginClient((onListChanged) => {
      client.setNotificationHandler(ToolListChangedNotificationSchema, onListChanged)
      return {
        sessionId,
        list: async () => (await client.listTools()).tools.map(({ name }) => name),
        call: (name, args) => client.callTool({ name, arguments: args }),
        close: () => client.close(),
      }
    })
    await client.connect(transport)
    return login
  }

  get sessionId(): string | undefined {
    return this.#peer.sessionId()
  }

  /** How often the client was told that its list has changed. */
  get listChanges(): number {
    return this.#listChanges
  }

  list(): Promise<readonly string[]> {
    return this.#peer.list()
  }

  async call(name: string, args: Record<string, unknown> = {}): Promise<ToolAnswer> {
    return parseAnswer(await this.#peer.call(name, args))
  }

  async start(args: Record<string, unknown> = {}): Promise<StartedSignIn> {
    const { facts } = await this.call('oauth_start', args)
    return { url: String(facts['authorization_url']), number: String(facts['confirmation_number']), facts }
  }

  /** Waits until the client was told of `count` changes altogether. */
  async hears(count: number): Promise<void> {
    await until(() => this.#listChanges >= count)
  }

  close(): Promise<void> {
    return this.#peer.close()
  }
}

function parseAnswer(result: unknown): ToolAnswer {
  if (!isRecord(result)) throw new TypeError('the answer of a tool is an object')
  const [content] = Array.isArray(result['content']) ? (result['content'] as readonly unknown[]) : []
  const text = isRecord(content) ? String(content['text']) : ''
  const structured = result['structuredContent']
  return { isError: result['isError'] === true, text, facts: isRecord(structured) ? structured : parseFacts(text) }
}

function parseFacts(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
