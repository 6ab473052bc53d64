import { describe, expect, it } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { ManualClock } from '../../support/manual-clock.js'
import {
  call,
  callTool,
  initialize,
  McpHarness,
  type HarnessOptions,
  type Received,
  type Sent,
} from '../../support/mcp-harness.js'

const start = harnessPerTest({ login: 'tools' })

const ping = call('ping')

function expectOutage(answer: Received): void {
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
  const data = { code: 'AUTH_UNAVAILABLE', retryable: true, ref: expect.any(String) }
  expect(answer.messages).toMatchObject([{ error: { code: -32000, data } }])
  expect(answer.text).not.toContain('no answer')
}

describe('sessions without a token', () => {
  it('are opened 600 times a minute from one address, on all replicas together, and not once more', async () => {
    const clock = new ManualClock()
    const harness = await start({ clock })
    const replica = await start({ clock, beside: harness })
    const session = await harness.open(null)
    const opened = async (count: number): Promise<void> => {
      for (let each = 0; each < count; each += 1) await (each % 2 === 0 ? harness : replica).open(null)
    }
    await Promise.all([opened(300), opened(299)])
    clock.advance(20)
    for (const edge of [harness, replica]) {
      const answer = await edge.send({ token: null, body: initialize() })
      expect([answer.status, answer.headers['retry-after']]).toEqual([429, '40'])
      expect(answer.messages[0]?.error?.code).toBe(-32000)
      expect(answer.headers['mcp-session-id']).toBeUndefined()
    }
    expect(harness.sessions.standing).toHaveLength(600)
    expect((await harness.send({ token: null, session, body: ping })).status).toBe(200)
    expect((await harness.send({ token: 'alice', body: initialize() })).status).toBe(200)
    clock.advance(40)
    expect((await harness.send({ token: null, body: initialize() })).status).toBe(200)
  })

  it('are not counted for what opens none', async () => {
    const harness = await start()
    for (let each = 0; each < 610; each += 1) await harness.send({ token: null, body: ping })
    expect((await harness.send({ token: null, body: initialize() })).status).toBe(200)
  })

  it('are not opened while they cannot be counted; those of bearers are', async () => {
    const harness = await start()
    harness.limiter.available = false
    expectOutage(await harness.send({ token: null, body: initialize() }))
    expect(harness.sessions.standing).toEqual([])
    expect((await harness.send({ token: 'alice', body: initialize() })).status).toBe(200)
  })
})

describe.each(['on', 'off'] as const)('while sessions cannot be read or written, with the hot path %s', (hot) => {
  async function openOnes(
    options?: HarnessOptions,
  ): Promise<{ harness: McpHarness; claims: readonly { token: string | null; session: string }[] }> {
    const harness = await start({ hot, ...options })
    const claims = [
      { token: null, session: await harness.open(null) },
      { token: null, session: await harness.openAs('alice') },
      { token: 'alice', session: await harness.open('alice') },
    ]
    return { harness, claims }
  }

  it.each([null, 'alice'])('none is opened (token: %s), and no id given out', async (token) => {
    const harness = await start({ hot })
    harness.sessions.refuse('open')
    const answer = await harness.send({ token, body: initialize() })
    expectOutage(answer)
    expect(answer.messages[0]?.id).toBe(0)
    expect(answer.headers['mcp-session-id']).toBeUndefined()
    expect([harness.edge.sessionCount, harness.sessions.standing]).toEqual([0, []])
    harness.sessions.recover()
    expect((await harness.send({ token, body: initialize() })).status).toBe(200)
  })

  it.each([
    ['a call', { body: callTool('wipe') }],
    ['a public tool', { body: callTool('hello') }],
    ['a list', { body: call('tools/list') }],
    ['ping', { body: ping }],
    ['initialize', { body: initialize() }],
    ['GET', { method: 'GET' }],
    ['DELETE', { method: 'DELETE' }],
  ] as [string, Sent][])('none is used: %s', async (_what, sent) => {
    const { harness, claims } = await openOnes()
    harness.sessions.refuse('find')
    for (const claim of claims) expectOutage(await harness.send({ ...sent, ...claim }))
    expect(harness.diary.started).toBe(0)
    harness.sessions.recover()
    for (const claim of claims) expect((await harness.send({ ...claim, body: ping })).status).toBe(200)
  })

  it.each(['end', 'signIns'] as const)('none is deleted, and each goes on until it is (%s)', async (down) => {
    const { harness, claims } = await openOnes()
    if (down === 'end') harness.sessions.refuse('end')
    else harness.signIns.refuse('end')
    const affected = claims.slice(down === 'end' ? 0 : 1, down === 'end' ? 3 : 2)
    for (const claim of affected) expectOutage(await harness.send({ ...claim, method: 'DELETE' }))
    for (const claim of affected) {
      expect((await harness.send({ ...claim, body: ping })).status).toBe(200)
      const level = call('logging/setLevel', { level: 'info' })
      expect((await harness.send({ ...claim, body: level })).status).toBe(200)
    }
    harness.sessions.recover()
    harness.signIns.recover()
    for (const claim of affected) {
      expect((await harness.send({ ...claim, method: 'DELETE' })).status).toBe(200)
      expect((await harness.send({ ...claim, body: ping })).status).toBe(404)
    }
    expect(harness.sessions.standing).toHaveLength(3 - affected.length)
  })

  it('nobody is signed in', async () => {
    const { harness, claims } = await openOnes()
    const [anonymous] = claims
    harness.sessions.refuse('bind')
    expectOutage(await harness.send({ ...anonymous, body: callTool('sign_in', { as: 'bob' }) }))
    harness.sessions.recover()
    expect((await harness.send({ ...anonymous, body: callTool('who') })).text).toContain('nobody')
    expect(await harness.list(anonymous)).not.toContain('echo')
  })

  it('a stolen id is refused, and ends its sign-in as soon as that can be', async () => {
    const { harness, claims } = await openOnes()
    const signedIn = claims[1]
    const misuses = [
      { body: ping, headers: { 'mcp-protocol-version': '2025-06-18' } },
      { body: initialize({ clientInfo: { name: 'other', version: '1' } }) },
    ]
    for (const store of [harness.sessions, harness.signIns]) {
      store.refuse('end')
      for (const misuse of misuses) expectOutage(await harness.send({ ...signedIn, ...misuse }))
      store.recover()
    }
    expect((await harness.send({ ...signedIn, ...misuses[1] })).status).toBe(404)
    expect(harness.signIns.standing).toEqual([])
    expect((await harness.send({ ...signedIn, body: ping })).status).toBe(404)
  })

  it.each([
    ['a call', { body: callTool('echo') }],
    ['a public tool', { body: callTool('hello') }],
    ['a tool that signs in', { body: callTool('who') }],
    ['a list', { body: call('tools/list') }],
    ['GET', { method: 'GET' }],
  ] as [string, Sent][])('who is signed in is neither somebody nor nobody: %s', async (_what, sent) => {
    for (const fail of [
      ({ signIns }: McpHarness) => signIns.refuse('find'),
      ({ people }: McpHarness) => void (people.databaseDown = true),
    ]) {
      const { harness, claims } = await openOnes()
      const [anonymous, signedIn, bearer] = claims
      fail(harness)
      const answer = await harness.send({ ...sent, ...signedIn })
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
      expect(harness.diary.started).toBe(0)
      expect((await harness.send({ ...anonymous, body: callTool('who') })).text).toContain('nobody')
      const others = harness.people.databaseDown ? 503 : 200
      expect((await harness.send({ ...bearer, body: ping })).status).toBe(others)
    }
  })
})
