import { describe, expect, it } from '@jest/globals'
import { bytesOf } from '../../support/answer-bytes.js'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool, initialize, type Sent } from '../../support/mcp-harness.js'
import { OpenStream } from '../../support/mcp-stream.js'
import { until } from '../../support/until.js'

const start = harnessPerTest({ login: 'tools everywhere' })

const unknown = 'u'.repeat(43)
const ping = call('ping')
const otherVersion = { 'mcp-protocol-version': '2025-06-18' }

/** What only somebody else does with the id of a session that `test` 1 opened at `/mcp` for 2025-11-25. */
const misuses: readonly (readonly [what: string, sent: Sent])[] = [
  ['another path', { body: ping, path: '/mcp/oauth' }],
  ['a stream at another path', { method: 'GET', path: '/mcp/oauth' }],
  ['the end at another path', { method: 'DELETE', path: '/mcp/oauth' }],
  ['another protocol version', { body: ping, headers: otherVersion }],
  ['a stream of another protocol version', { method: 'GET', headers: otherVersion }],
  ['the end by another protocol version', { method: 'DELETE', headers: otherVersion }],
  ['another client', { body: initialize({ clientInfo: { name: 'other', version: '1' } }) }],
  ['another version of the client', { body: initialize({ clientInfo: { name: 'test', version: '2' } }) }],
  ['a client without a name', { body: initialize({ clientInfo: undefined }) }],
  ['a client that negotiates another version', { body: initialize({ protocolVersion: '2025-03-26' }) }],
  ['initialize as a notification of another client', { body: { jsonrpc: '2.0', method: 'initialize', params: {} } }],
]

/** What may look so, and is not. */
const uses: readonly (readonly [what: string, sent: Sent, status: number])[] = [
  ['the same protocol version', { body: ping, headers: { 'mcp-protocol-version': '2025-11-25' } }, 200],
  ['a protocol version that does not exist', { body: ping, headers: { 'mcp-protocol-version': '1999-01-01' } }, 400],
  ['a later protocol version', { body: ping, headers: { 'mcp-protocol-version': '2026-07-28' } }, 400],
  ['the same initialize', { body: initialize() }, 400],
  ['the same initialize for an unknown version', { body: initialize({ protocolVersion: '1999-01-01' }) }, 400],
  ['the same client with other capabilities', { body: initialize({ capabilities: { elicitation: {} } }) }, 400],
  [
    'the same client with an icon',
    { body: initialize({ clientInfo: { name: 'test', version: '1', icons: [] } }) },
    400,
  ],
]

describe('the id of a session that is signed in', () => {
  it.each(misuses)('is as unknown as any other at %s, and the sign-in has ended', async (_what, sent) => {
    const harness = await start()
    const session = await harness.openAs('alice')
    const stream = await OpenStream.open(harness, { session })
    const running = harness.send({ token: null, session, body: callTool('wait', {}, 'w') })
    await until(() => harness.diary.waiting.size === 1)
    const taken = await bytesOf(harness, { ...sent, token: null, session })
    expect(taken).toEqual(await bytesOf(harness, { ...sent, token: null, session: unknown }))
    expect(taken).toMatchObject({ status: 404 })
    expect([harness.signIns.standing, harness.sessions.standing]).toEqual([[], []])
    expect(harness.audit.recorded).toContainEqual(
      expect.objectContaining({ type: 'session.ended', reason: 'mismatch', subject: 'alice' }),
    )
    const counted = harness.audit.counted.filter(({ reason }) => reason === 'ERR_SESSION_MISMATCH')
    expect(counted).toMatchObject([{ type: 'token.refused', tenant: undefined }])
    expect((await running).messages).toMatchObject([{ id: 'w', error: { message: 'The session has ended' } }])
    await until(() => stream.ended)
    expect((await harness.send({ token: null, session, body: callTool('wipe') })).status).toBe(404)
    expect(harness.diary.started).toBe(1)
  })

  it.each(uses)('goes on, and with it the sign-in, after %s', async (_what, sent, status) => {
    const harness = await start()
    const session = await harness.openAs('alice')
    expect((await harness.send({ ...sent, token: null, session })).status).toBe(status)
    expect(harness.signIns.standing).toHaveLength(1)
    const wiped = await harness.send({ token: null, session, body: callTool('wipe') })
    expect(wiped.messages[0]?.result).toEqual({ content: [{ type: 'text', text: 'wiped' }] })
  })

  it('ends no other sign-in of the same user', async () => {
    const harness = await start()
    const [session, other] = [await harness.openAs('alice'), await harness.openAs('alice')]
    await harness.send({ token: null, session, body: ping, headers: otherVersion })
    expect(harness.signIns.standing).toHaveLength(1)
    expect((await harness.send({ token: null, session: other, body: callTool('wipe') })).text).toContain('wiped')
  })

  it.each([
    ['long', 'n'.repeat(1_500)],
    ['of control characters', 'a\u0000b\u001b[0m\r\n'],
    ['of half characters', 'a\ud800b'],
  ])('is known again by a name that is %s', async (_what, name) => {
    const harness = await start()
    const body = initialize({ clientInfo: { name, version: name } })
    const session = String((await harness.send({ token: null, body })).headers['mcp-session-id'])
    expect((await harness.send({ token: null, session, body })).status).toBe(400)
    expect((await harness.send({ token: null, session, body: ping })).status).toBe(200)
    expect(harness.sessions.standing[0]?.client.name.length).toBeLessThanOrEqual(200)
    expect(JSON.stringify(harness.sessions.standing)).not.toMatch(/\\u0000|\\ud800/)
  })
})

describe('the id of a session where nobody is signed in', () => {
  it.each(misuses)('ends the session at %s', async (_what, sent) => {
    const harness = await start()
    const session = await harness.open(null)
    expect((await harness.send({ ...sent, token: null, session })).status).toBe(404)
    expect((await harness.send({ token: null, session, body: ping })).status).toBe(404)
    expect([harness.sessions.standing, harness.audit.recorded]).toEqual([[], []])
  })
})

describe('the id of a session that a bearer opened', () => {
  it.each(misuses)('is unknown at %s, and the session goes on for the bearer', async (_what, sent) => {
    const harness = await start()
    const session = await harness.open('alice')
    const taken = await bytesOf(harness, { ...sent, session })
    expect(taken).toEqual(await bytesOf(harness, { ...sent, session: unknown }))
    expect(taken).toMatchObject({ status: 404 })
    expect(harness.audit.counted.filter(({ reason }) => reason === 'ERR_SESSION_MISMATCH')).toMatchObject([
      { type: 'token.refused', subject: 'alice' },
    ])
    expect((await harness.send({ session, body: ping })).status).toBe(200)
  })
})

describe('a session of another application', () => {
  it.each([
    ['nobody', null],
    ['a bearer', 'alice'],
  ] as const)('is unknown, and goes on where it was opened: %s', async (_who, token) => {
    const harness = await start()
    const other = await start({ beside: harness, application: 'other' })
    const session = token === null ? await harness.openAs('alice') : await harness.open(token)
    for (const sent of [{ body: callTool('wipe') }, { method: 'GET' }, { method: 'DELETE' }]) {
      const taken = await bytesOf(other, { ...sent, token, session })
      expect(taken).toEqual(await bytesOf(other, { ...sent, token, session: unknown }))
      expect(taken).toMatchObject({ status: 404 })
    }
    expect(other.diary.started).toBe(0)
    expect((await harness.send({ token, session, body: callTool('wipe') })).text).toContain('wiped')
  })
})

describe('what a client says of itself', () => {
  it.each([
    ['client', { clientInfo: { name: 'test', version: '1', description: 'x'.repeat(40_000) } }],
    ['capabilities', { capabilities: { experimental: { x: { y: 'x'.repeat(40_000) } } } }],
  ])('opens no session where it is too long to be kept: %s', async (_what, said) => {
    const harness = await start()
    for (const token of [null, 'alice']) {
      const answer = await harness.send({ token, body: initialize(said) })
      expect([answer.status, answer.messages[0]?.error?.code]).toEqual([413, -32000])
    }
    expect([harness.edge.sessionCount, harness.sessions.standing]).toEqual([0, []])
  })

  it.each([
    ['30 KB with a token', 'alice', 30_000, 200],
    ['3 KB without one', null, 3_000, 200],
    ['no more than that', null, 5_000, 413],
  ] as const)('may be %s', async (_what, token, length, status) => {
    const harness = await start()
    const clientInfo = { name: 'test', version: '1', description: 'x'.repeat(length) }
    expect((await harness.send({ token, body: initialize({ clientInfo }) })).status).toBe(status)
  })
})
