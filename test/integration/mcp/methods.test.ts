import { describe, expect, it } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool, initialize, McpHarness } from '../../support/mcp-harness.js'

const start = harnessPerTest()

describe.each(['stateful', 'stateless'] as const)('%s', (sessions) => {
  describe.each(['on', 'off'] as const)('with the hot path %s', (hot) => {
    async function ready(): Promise<{ harness: McpHarness; session: string | undefined }> {
      const harness = await start({ sessions, hot })
      return { harness, session: sessions === 'stateful' ? await harness.open() : undefined }
    }

    it('answers initialize with what it offers', async () => {
      const harness = await start({ sessions, hot })
      const answer = await harness.send({ body: initialize({ protocolVersion: '2025-06-18' }) })
      expect(answer.status).toBe(200)
      expect(answer.messages[0]?.result).toEqual({
        protocolVersion: '2025-06-18',
        capabilities: { tools: { listChanged: true }, logging: {} },
        serverInfo: { name: 'Harness', version: '1.0.0' },
      })
      expect(typeof answer.headers['mcp-session-id']).toBe(sessions === 'stateful' ? 'string' : 'undefined')
    })

    it('lists what each caller may use and nothing else', async () => {
      const { harness } = await ready()
      for (const [token, names] of [
        ['alice', ['read', 'wipe']],
        ['bob', ['read']],
        ['carol', []],
      ] as const) {
        const session = sessions === 'stateful' ? await harness.open(token) : undefined
        const answer = await harness.send({ token, session, body: call('tools/list') })
        const tools = answer.messages[0]?.result?.['tools']
        const listed = Array.isArray(tools) ? tools.map(({ name }: { name: string }) => name) : []
        expect(listed.filter((name) => name === 'read' || name === 'wipe')).toEqual(names)
        expect(listed).toContain('hello')
      }
    })

    it('runs an allowed tool with its arguments for its caller', async () => {
      const { harness, session } = await ready()
      const answer = await harness.send({ session, body: callTool('echo', { nonce: 'n1' }) })
      const text = '{"who":"alice","args":{"nonce":"n1"}}'
      expect(answer.messages).toEqual([{ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }] } }])
    })

    it('hides why a tool failed and says what a ToolError says', async () => {
      const { harness, session } = await ready()
      const failed = await harness.send({ session, body: callTool('fail') })
      expect(failed.text).not.toContain('hunter2')
      expect(failed.messages[0]?.result).toMatchObject({ isError: true })
      const refused = await harness.send({ session, body: callTool('refuse') })
      expect(refused.messages[0]?.result).toEqual({
        content: [{ type: 'text', text: 'Not on Sundays' }],
        isError: true,
      })
    })

    it('answers a result without a JSON form with an internal error instead of silence', async () => {
      const { harness, session } = await ready()
      const answer = await harness.send({ session, body: callTool('bigint') })
      expect(answer.messages[0]).toMatchObject({ id: 1 })
      expect(answer.text).not.toContain('BigInt')
    })

    it.each(['resources/list', 'resources/read', 'prompts/list', 'completion/complete', 'tasks/list', 'rpc.discover'])(
      'does not know the method %s',
      async (method) => {
        const { harness, session } = await ready()
        const answer = await harness.send({ session, body: call(method, {}) })
        expect(answer.messages).toEqual([
          { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'Method not found' } },
        ])
      },
    )

    it('refuses a cursor, because it gives none out', async () => {
      const { harness, session } = await ready()
      const answer = await harness.send({ session, body: call('tools/list', { cursor: 'page2' }) })
      expect(answer.messages[0]?.error).toEqual({ code: -32602, message: 'Invalid params: unknown cursor' })
    })

    it.each([[{}], [{ name: 1 }], [{ name: 'echo', arguments: [] }], [{ name: 'echo', arguments: null }]])(
      'refuses the parameters %j with -32602',
      async (params) => {
        const { harness, session } = await ready()
        const answer = await harness.send({ session, body: call('tools/call', params) })
        expect(answer.messages[0]?.error?.code).toBe(-32602)
        expect(harness.diary.started).toBe(0)
      },
    )

    it('answers 503 with a reference, and runs nothing, when a call cannot be put on record', async () => {
      const { harness, session } = await ready()
      harness.audit.down = true
      const answer = await harness.send({ session, body: callTool('echo', {}, 'x') })
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toBe('1')
      expect(answer.messages[0]).toMatchObject({
        id: 'x',
        error: { data: { code: 'TENANT_UNAVAILABLE', retryable: true, ref: expect.any(String) } },
      })
      expect(harness.diary.started).toBe(0)
    })

    it('sends progress only to those who asked for it', async () => {
      const { harness, session } = await ready()
      const params = { name: 'steps', arguments: { count: 3 } }
      const told = await harness.send({
        session,
        body: call('tools/call', { ...params, _meta: { progressToken: 'p' } }),
      })
      expect(told.headers['content-type']).toBe('text/event-stream')
      expect(told.messages.map(({ params: about }) => about?.['progress'])).toEqual([1, 2, 3, undefined])
      expect(told.messages[0]?.params?.['progressToken']).toBe('p')
      const untold = await harness.send({ session, body: call('tools/call', params, 2) })
      expect(untold.messages).toHaveLength(1)
    })

    it('sends a call as a notification nowhere', async () => {
      const { harness, session } = await ready()
      const body = { jsonrpc: '2.0', method: 'tools/call', params: { name: 'echo', arguments: {} } }
      const answer = await harness.send({ session, body })
      expect([answer.status, answer.text]).toEqual([202, ''])
      expect(harness.diary.started).toBe(0)
    })

    it('lets clients of a later protocol fall back', async () => {
      const harness = await start({ sessions, hot })
      const answer = await harness.send({
        body: call('server/discover', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }),
        headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'server/discover' },
      })
      expect([answer.status, answer.messages[0]?.error?.code]).toEqual([400, -32000])
    })
  })
})

describe.each(['on', 'off'] as const)('log messages with the hot path %s', (hot) => {
  it('sends log messages from the level on that the session asked for', async () => {
    const harness = await start({ hot })
    const session = await harness.open()
    const all = await harness.send({ session, body: callTool('chatty') })
    expect(all.messages.map(({ params }) => params?.['level'])).toEqual(['debug', 'warning', undefined])
    await harness.send({ session, body: call('logging/setLevel', { level: 'info' }) })
    const some = await harness.send({ session, body: callTool('chatty') })
    expect(some.messages.map(({ params }) => params?.['level'])).toEqual(['warning', undefined])
    const other = await harness.open()
    expect((await harness.send({ session: other, body: callTool('chatty') })).messages).toHaveLength(3)
  })

  it('refuses a level that does not exist', async () => {
    const harness = await start({ hot })
    const session = await harness.open()
    const answer = await harness.send({ session, body: call('logging/setLevel', { level: 'loud' }) })
    expect(answer.messages[0]?.error?.code).toBe(-32602)
  })
})
