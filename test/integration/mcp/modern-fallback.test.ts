import { afterEach, describe, expect, it } from '@jest/globals'
import { clients, nextClient } from '../../support/mcp-clients.js'
import { call, callTool, initialize, McpHarness, type HarnessOptions, type Sent } from '../../support/mcp-harness.js'
import { until } from '../../support/until.js'

const closing: { close(): Promise<void> }[] = []

async function start(options?: HarnessOptions): Promise<McpHarness> {
  const harness = await McpHarness.start({ login: 'tools', ...options })
  closing.push(harness)
  return harness
}

afterEach(async () => {
  for (const thing of closing.splice(0).reverse()) await thing.close()
})

const modern = '2026-07-28'
const header = { headers: { 'mcp-protocol-version': modern } }
const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': modern } }
const withoutSignIn = ['hello', 'sign_in', 'sign_out', 'who']

/** Requests of a protocol that has no sessions. */
const requests: readonly (readonly [what: string, sent: Sent])[] = [
  ['by its header', { body: call('tools/list', {}, 'm'), ...header }],
  ['by its metadata', { body: call('tools/list', meta, 'm') }],
  [
    'by its metadata under an earlier header',
    {
      ...{ body: call('tools/list', meta, 'm'), headers: { 'mcp-protocol-version': '2025-11-25' } },
    },
  ],
  ['by both', { body: call('tools/call', { name: 'hello', arguments: {}, ...meta }, 'm'), ...header }],
  [
    'that asks what there is',
    {
      ...{ body: call('server/discover', meta, 'm') },
      headers: { ...header.headers, 'mcp-method': 'server/discover' },
    },
  ],
  ['of a still later version', { body: call('ping', {}, 'm'), headers: { 'mcp-protocol-version': '2031-01-01' } }],
]

describe('a request of a later protocol without a token', () => {
  it.each(requests)('is told which versions have sessions: %s', async (_what, sent) => {
    const harness = await start()
    const answer = await harness.send({ ...sent, token: null })
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'application/json'])
    expect(answer.messages).toMatchObject([
      { jsonrpc: '2.0', id: 'm', error: { code: -32022, message: 'Unsupported protocol version' } },
    ])
    const supported = answer.messages[0]?.error?.data?.['supported']
    expect(supported).toContain('2025-11-25')
    expect(JSON.stringify(supported)).not.toContain('2026')
    expect([harness.diary.started, harness.sessions.standing]).toEqual([0, []])
  })

  it('is told so without a body, too', async () => {
    const harness = await start()
    const answer = await harness.send({ ...header, method: 'GET', token: null })
    expect([answer.status, answer.messages[0]?.error?.code]).toEqual([400, -32022])
  })

  it.each(requests)('is challenged where clients bring tokens: %s', async (_what, sent) => {
    const harness = await start()
    for (const path of ['/mcp/oauth', '/mcp']) {
      const closed = path === '/mcp' ? await start({ login: 'oauth' }) : harness
      const answer = await closed.send({ ...sent, token: null, path })
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Bearer /)])
    }
  })

  it.each(['2025-11-25', '1999-01-01', 'DRAFT-2026-v1', '2026-7-28', '', '2026-07-28, 2025-11-25'])(
    'is none by the version %j',
    async (version) => {
      const harness = await start()
      const answer = await harness.send({
        ...{ token: null, body: initialize(), headers: { 'mcp-protocol-version': version } },
      })
      expect([answer.status, answer.messages[0]?.error]).toEqual([200, undefined])
    },
  )

  it('is told apart by what it says of itself only, not by what it initializes', async () => {
    const harness = await start()
    const answer = await harness.send({ token: null, body: initialize({ protocolVersion: modern }) })
    expect(answer.messages[0]?.result).toMatchObject({ protocolVersion: '2025-11-25' })
  })
})

describe('with a token', () => {
  it.each(requests)('nothing is different from a path for tokens: %s', async (_what, sent) => {
    const tools = await start()
    const oauth = await start({ login: 'oauth' })
    const [here, there] = [await tools.send(sent), await oauth.send(sent)]
    expect([here.status, here.text]).toEqual([there.status, there.text])
    expect(here.text).not.toContain('-32022')
  })

  it.each(requests)('that is no good it is refused: %s', async (_what, sent) => {
    const harness = await start()
    expect((await harness.send({ ...sent, token: 'mallory' })).status).toBe(401)
  })
})

describe('a client without a token', () => {
  it.each(clients)("lists the tools that sign in, signs in, and lists the user's: %s", async (_name, connect) => {
    const harness = await start()
    let told = 0
    const client = await connect({ url: harness.url(), token: null, onListChanged: () => void (told += 1) })
    closing.push(client)
    expect(await client.list()).toEqual(withoutSignIn)
    await until(() => harness.openStreams === 1)
    await expect(client.call('sign_in', { as: 'bob' })).resolves.toBe('signed in as bob')
    await until(() => told === 1)
    expect(await client.list()).toContain('read')
    await expect(client.call('read')).resolves.toBe('{"rows":[1,2,3]}')
    await expect(client.call('wipe')).rejects.toMatchObject({ code: -32602 })
    await client.call('sign_out')
    await until(() => told === 2)
    expect(await client.list()).toEqual(withoutSignIn)
  })

  it('that speaks the later protocol only is told clearly why it cannot', async () => {
    const harness = await start()
    const connecting = nextClient({ pin: modern }, { url: harness.url(), token: null })
    await expect(connecting).rejects.toThrow(/version/i)
    await expect(connecting).rejects.not.toThrow(/401|authoriz/i)
    expect(harness.sessions.standing).toEqual([])
  })

  it.each(clients)('is asked to authorize where clients bring tokens: %s', async (_name, connect) => {
    const harness = await start()
    await expect(connect({ url: harness.url('/mcp/oauth'), token: null })).rejects.toThrow()
    expect(harness.sessions.standing).toEqual([])
  })

  it('keeps its session and its sign-in, whatever version one of its requests names', async () => {
    const harness = await start()
    const session = await harness.openAs('bob')
    expect((await harness.send({ token: null, session, body: callTool('read'), ...header })).status).toBe(400)
    expect((await harness.send({ token: null, session, body: callTool('read') })).text).toContain('rows')
  })
})
