import { Client as NextClient, StreamableHTTPClientTransport as NextTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { HeadlessClient } from './headless-client.js'

/** A real MCP client that gets its tokens by itself, with a user behind it. */
export interface OAuthClient {
  list(): Promise<readonly string[]>
  /** The first text of the answer; where the user has to agree first, the call is made again afterwards, once. */
  call(name: string): Promise<string>
  close(): Promise<void>
}

interface Peer {
  readonly connect: () => Promise<void>
  /** Redeems what the browser came back with. */
  readonly finish: (answer: URLSearchParams) => Promise<void>
  readonly list: () => Promise<{ readonly tools: readonly { readonly name: string }[] }>
  readonly call: (name: string) => Promise<unknown>
  readonly close: () => Promise<void>
}

const about = { name: 'test', version: '1.0.0' }

function sdkPeer(url: URL, provider: HeadlessClient): Peer {
  const client = new Client(about)
  const transport = new StreamableHTTPClientTransport(url, { authProvider: provider })
  return {
    connect: () => client.connect(transport),
    finish: (answer) => transport.finishAuth(answer.get('code') ?? ''),
    list: () => client.listTools(),
    call: (name) => client.callTool({ name, arguments: {} }),
    close: () => client.close(),
  }
}

function nextPeer(mode: 'legacy' | 'auto', url: URL, provider: HeadlessClient): Peer {
  const client = new NextClient(about, { versionNegotiation: { mode } })
  const transport = new NextTransport(url, { authProvider: provider })
  return {
    connect: () => client.connect(transport),
    finish: (answer) => transport.finishAuth(answer),
    list: () => client.listTools(),
    call: (name) => client.callTool({ name, arguments: {} }),
    close: () => client.close(),
  }
}

/** Does the work; where the user was sent to the browser meanwhile, redeems what came of it and does `next`. */
async function withUser<Value>(
  { finish }: Peer,
  provider: HeadlessClient,
  work: { readonly first: () => Promise<Value>; readonly then: () => Promise<Value> },
): Promise<Value> {
  const before = provider.asked.length
  try {
    return await work.first()
  } catch (error) {
    if (provider.asked.length === before || provider.answer === undefined) throw error
    await finish(provider.answer.searchParams)
    return work.then()
  }
}

function connector(open: (url: URL, provider: HeadlessClient) => Peer) {
  return async (url: URL, provider: HeadlessClient): Promise<OAuthClient> => {
    const first = open(url, provider)
    const again = async (): Promise<Peer> => {
      await first.close()
      const second = open(url, provider)
      await second.connect()
      return second
    }
    const peer = await withUser(first, provider, { first: () => first.connect().then(() => first), then: again })
    return {
      list: async () => (await peer.list()).tools.map(({ name }) => name),
      call: async (name) => {
        const once = (): Promise<unknown> => peer.call(name)
        return textOf(await withUser(peer, provider, { first: once, then: once }))
      },
      close: () => peer.close(),
    }
  }
}

function textOf(result: unknown): string {
  const { content }: { readonly content?: unknown } = Object(result)
  const [part]: readonly unknown[] = Array.isArray(content) ? content : []
  return String(Reflect.get(Object(part), 'text'))
}

/** Every client that signs in by itself, by name. */
export const oauthClients = [
  ['@modelcontextprotocol/sdk', connector(sdkPeer)],
  ['@modelcontextprotocol/client', connector((url, provider) => nextPeer('legacy', url, provider))],
  ['@modelcontextprotocol/client, auto', connector((url, provider) => nextPeer('auto', url, provider))],
] as const
