import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { IsString } from 'class-validator'
import { CallContext, Injectable, McpServer, ProtectedByAuthSec, UserContext } from '../../src/index.js'
import { listenInProcess, type TestServer } from '../support/listening-app.js'
import { mintFromHome } from '../support/mint-tokens.js'

class EchoInput {
  @IsString()
  nonce!: string
}

@Injectable({ scope: 'call' })
class WhoAmI {
  constructor(readonly user: UserContext) {}
}

@Injectable()
class Slow {
  async pause(): Promise<void> {
    await pause(Math.random() * 20)
  }
}

@McpServer({ name: 'echo', version: '1.0.0' })
class EchoServer {
  constructor(private readonly slow: Slow) {}

  @ProtectedByAuthSec()
  async echo(input: EchoInput, user: UserContext, call: CallContext, who: WhoAmI): Promise<string> {
    const seen = [user.email]
    await this.slow.pause()
    seen.push(call.user?.email, who.user.email)
    await this.slow.pause()
    seen.push(user.email, who.user.email)
    await this.slow.pause()
    return [input.nonce, ...seen, call.user?.email].join(' ')
  }
}

describe('callers at the same time', () => {
  const emails = Array.from({ length: 50 }, (_, index) => `user-${index}@company.com`)
  let server: TestServer
  let tokens: ReadonlyMap<string, string>

  beforeAll(async () => {
    const tenants = [{ slug: 'acme-corp', name: 'Acme Corp', accounts: emails.map((email) => ({ email })) }]
    server = await listenInProcess({
      servers: [EchoServer],
      clientId: 'echo',
      sessions: 'stateless',
      development: { tenants },
    })
    tokens = await mintFromHome(server.home, { audience: server.url, emails })
  }, 120_000)
  afterAll(() => server?.close())

  it('never see each other: 200 parallel calls by 50 users with the same JSON-RPC id', async () => {
    const calls = Array.from({ length: 200 }, async (_, index) => {
      const email = emails[index % emails.length] ?? ''
      const nonce = `nonce-${index}`
      const response = await fetch(server.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2025-11-25',
          authorization: `Bearer ${tokens.get(email)}`,
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'echo', arguments: { nonce } },
        }),
      })
      const { result } = (await response.json()) as { result: { content: { text: string }[] } }
      expect(result.content[0]?.text).toBe([nonce, email, email, email, email, email, email].join(' '))
    })
    await Promise.all(calls)
  }, 60_000)
})
