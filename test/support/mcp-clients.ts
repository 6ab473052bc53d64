import { Client as NextClient, StreamableHTTPClientTransport as NextTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'

export interface ClientOptions {
  readonly url: URL
  /** `null` for none. */
  readonly token: string | null
  /** How a form is answered; the client declares that it shows forms when this is given. */
  readonly form?: () => { action: 'accept'; content: Record<string, string> } | { action: 'decline' }
  onListChanged?(): void
}

export interface CallOptions {
  readonly signal?: AbortSignal
  onprogress?(progress: { progress: number }): void
}

/** What the tests need of a client, whoever made it. */
export interface TestClient {
  /** Another token from the next request on. */
  use(token: string): void
  list(): Promise<readonly string[]>
  /** The first text of the answer. */
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<string>
  close(): Promise<void>
}

const about = { name: 'test', version: '1.0.0' }

function authorized(options: ClientOptions): { fetch: typeof fetch; use(token: string): void } {
  let current = options.token
  return {
    use: (token) => {
      current = token
    },
    fetch: (input, init) => {
      const headers = new Headers(init?.headers)
      if (current !== null) headers.set('authorization', `Bearer ${current}`)
      return fetch(input, { ...init, headers })
    },
  }
}

function firstText(result: unknown): string {
  const content = typeof result === 'object' && result !== null && 'content' in result ? result.content : []
  const part: unknown = Array.isArray(content) ? content[0] : undefined
  return typeof part === 'object' && part !== null && 'text' in part ? String(part.text) : JSON.stringify(result)
}

async function sdkClient(options: ClientOptions): Promise<TestClient> {
  const { use, fetch: authorizedFetch } = authorized(options)
  const { form } = options
  const client = new Client(about, { capabilities: form === undefined ? {} : { elicitation: {} } })
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => options.onListChanged?.())
  if (form !== undefined) client.setRequestHandler(ElicitRequestSchema, () => form())
  const transport = new StreamableHTTPClientTransport(options.url, { fetch: authorizedFetch })
  await client.connect(transport)
  return {
    use,
    list: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}, callOptions = {}) =>
      firstText(await client.callTool({ name, arguments: args }, undefined, callOptions)),
    close: () => client.close(),
  }
}

/** The client of the later protocol, which speaks the earlier one too. */
export async function nextClient(
  mode: 'legacy' | 'auto' | { readonly pin: string } | undefined,
  options: ClientOptions,
): Promise<TestClient> {
  const { use, fetch: authorizedFetch } = authorized(options)
  const { form } = options
  const client = new NextClient(about, {
    capabilities: form === undefined ? {} : { elicitation: {} },
    ...(mode === undefined ? {} : { versionNegotiation: { mode } }),
  })
  client.setNotificationHandler('notifications/tools/list_changed', () => options.onListChanged?.())
  if (form !== undefined) client.setRequestHandler('elicitation/create', () => form())
  await client.connect(new NextTransport(options.url, { fetch: authorizedFetch }))
  return {
    use,
    list: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}, callOptions = {}) =>
      firstText(await client.callTool({ name, arguments: args }, callOptions)),
    close: () => client.close(),
  }
}

/** Every client that the edge must serve, by name. */
export const clients = [
  ['@modelcontextprotocol/sdk', sdkClient],
  ['@modelcontextprotocol/client', (options: ClientOptions) => nextClient(undefined, options)],
  ['@modelcontextprotocol/client, auto', (options: ClientOptions) => nextClient('auto', options)],
] as const
