import { describe, expect, it } from '@jest/globals'
import { bytesOf, renamedBytes } from '../../support/answer-bytes.js'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool } from '../../support/mcp-harness.js'
import { operation, role } from '../../support/mcp-operations.js'

const start = harnessPerTest()

const unknown = 'u'.repeat(43)

describe.each(['stateful', 'stateless'] as const)('%s', (sessions) => {
  describe.each(['on', 'off'] as const)('with the hot path %s', (hot) => {
    it('gives every one of 50 clients with equal ids the answers to its own calls', async () => {
      const harness = await start({ sessions, hot })
      harness.audit.keep = false
      const users = ['alice', 'bob', 'carol']
      let answered = 0
      await Promise.all(
        Array.from({ length: 50 }, async (_, client) => {
          const token = users[client % 3] ?? 'alice'
          const session = sessions === 'stateful' ? await harness.open(token) : undefined
          for (let id = 1; id <= 12; id += 1) {
            const nonce = `${client}-${id}`
            const later = id % 3 === 0
            const body = later
              ? callTool('later', { nonce, ms: (client * 7 + id) % 11 }, id)
              : callTool('echo', { nonce }, id)
            const { messages } = await harness.send({ token, session, body })
            const text = later ? { nonce, ms: (client * 7 + id) % 11 } : { who: token, args: { nonce } }
            expect(messages).toEqual([
              { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: JSON.stringify(text) }] } },
            ])
            answered += 1
          }
        }),
      )
      expect(answered).toBe(600)
    })

    it('sends progress only down the stream of its own call', async () => {
      const harness = await start({ sessions, hot })
      await Promise.all(
        Array.from({ length: 20 }, async (_, client) => {
          const session = sessions === 'stateful' ? await harness.open('bob') : undefined
          const params = { name: 'steps', arguments: { count: 5 }, _meta: { progressToken: `p${client}` } }
          const { messages } = await harness.send({ token: 'bob', session, body: call('tools/call', params, 1) })
          expect(messages.slice(0, -1).map(({ params: about }) => about?.['progressToken'])).toEqual(
            Array.from({ length: 5 }, () => `p${client}`),
          )
        }),
      )
    })

    it.each([
      ['wipe', 'vanish'],
      ['read', 'raed'],
    ])('answers the hidden tool %s and the absent tool %s with the same bytes', async (hidden, absent) => {
      const harness = await start({ sessions, hot })
      const session = sessions === 'stateful' ? await harness.open('carol') : undefined
      const base = { token: 'carol', session }
      const meta = { progressToken: 1 }
      for (const extra of [{}, { _meta: meta }, { _meta: { trace: 'x' } }, { arguments: { x: 1 } }]) {
        const of = (name: string): Promise<string> =>
          renamedBytes(harness, { ...base, body: call('tools/call', { name, ...extra }, 5) }, name, absent)
        const asHidden = await of(hidden)
        expect(asHidden).toBe(await of(absent))
        expect(asHidden).toContain(`Unknown tool: ${absent}`)
      }
      expect(harness.diary.started).toBe(0)
    })

    it('runs a hidden tool by no other name and through no side door', async () => {
      const harness = await start({ sessions, hot })
      const session = sessions === 'stateful' ? await harness.open('bob') : undefined
      const spellings = [
        'wipe',
        'Wipe',
        'WIPE',
        'wipe ',
        ' wipe',
        'wipe\u0000',
        '\uff57ipe',
        'w\u0456pe',
        'wipe\u200b',
        'mcp/wipe',
      ]
      for (const name of spellings) await harness.send({ token: 'bob', session, body: callTool(name) })
      const doors = ['prompts/get', 'resources/read', 'completion/complete', 'tasks/result', 'tools/Call', 'wipe']
      for (const method of doors) {
        await harness.send({ token: 'bob', session, body: call(method, { name: 'wipe', arguments: {}, uri: 'wipe' }) })
      }
      const task = { name: 'wipe', arguments: {}, task: { ttl: 1000 } }
      await harness.send({ token: 'bob', session, body: call('tools/call', task) })
      expect(harness.diary.started).toBe(0)
      expect(harness.audit.counted.filter(({ type }) => type === 'operation.denied')).toHaveLength(spellings.length)
      const allowed = sessions === 'stateful' ? await harness.open('alice') : undefined
      await harness.send({ token: 'alice', session: allowed, body: callTool('wipe') })
      expect(harness.diary.started).toBe(1)
    })

    it('says exactly what the specification says of an unknown tool', async () => {
      const harness = await start({ sessions, hot })
      const session = sessions === 'stateful' ? await harness.open('carol') : undefined
      const { status, messages } = await harness.send({ token: 'carol', session, body: callTool('wipe', {}, 'i') })
      const error = { code: -32602, message: 'Unknown tool: wipe' }
      expect([status, messages]).toEqual([200, [{ jsonrpc: '2.0', id: 'i', error }]])
    })
  })
})

describe.each(['on', 'off'] as const)('a hidden tool that asks, with the hot path %s', (hot) => {
  it('takes no other way than an absent one', async () => {
    const operations = [operation('secret_form', { requirement: role('admin'), elicits: true, run: () => 'no' })]
    const harness = await start({ hot, operations })
    const session = await harness.open('carol', { capabilities: { elicitation: {} } })
    const of = (name: string): Promise<unknown> => bytesOf(harness, { token: 'carol', session, body: callTool(name) })
    const asHidden = JSON.stringify(await of('secret_form')).replaceAll('secret_form', 'absent_form')
    expect(asHidden).toBe(JSON.stringify(await of('absent_form')))
  })
})

describe('a session of another user', () => {
  const ping = call('ping')

  it.each([
    ['POST', { body: ping }],
    ['POST of a call', { body: callTool('wipe') }],
    ['POST of a notification', { body: { jsonrpc: '2.0', method: 'notifications/initialized' } }],
    ['POST of an answer', { body: { jsonrpc: '2.0', id: 0, result: { action: 'accept', content: {} } } }],
    ['GET', { method: 'GET' }],
    ['DELETE', { method: 'DELETE' }],
  ])('is as unknown as one that never was: %s', async (_what, sent) => {
    const harness = await start()
    const session = await harness.open('alice')
    for (const thief of [
      { token: 'bob', session },
      { token: 'alice+client2', session },
      { token: 'alice', session, path: '/mcp/oauth' },
      { token: 'alice', session, headers: { 'mcp-protocol-version': '2025-06-18' } },
    ]) {
      const taken = await bytesOf(harness, { ...thief, ...sent })
      expect(taken).toEqual(await bytesOf(harness, { ...thief, ...sent, session: unknown }))
      expect(taken).toMatchObject({ status: 404 })
    }
    expect(harness.diary.started).toBe(0)
    expect((await harness.send({ session, body: ping })).status).toBe(200)
    expect(harness.audit.counted.filter(({ reason }) => reason === 'ERR_SESSION_MISMATCH')).toHaveLength(4)
    expect(harness.audit.counted.filter(({ reason }) => reason === 'ERR_SESSION_UNKNOWN')).toHaveLength(4)
  })

  it('does not stand for a token', async () => {
    const harness = await start()
    const session = await harness.open('alice')
    for (const sent of [{ body: ping }, { method: 'GET' }, { method: 'DELETE' }]) {
      expect((await harness.send({ token: null, session, ...sent })).status).toBe(401)
      expect((await harness.send({ token: 'alice+expired', session, ...sent })).status).toBe(401)
    }
    expect((await harness.send({ session, body: ping })).status).toBe(200)
  })

  it('is of no use after its user lost the token', async () => {
    const harness = await start()
    const session = await harness.open('alice')
    harness.people.revoke('alice')
    expect((await harness.send({ session, body: callTool('wipe') })).status).toBe(401)
    expect(harness.diary.started).toBe(0)
  })
})
