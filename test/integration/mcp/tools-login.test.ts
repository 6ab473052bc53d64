import { describe, expect, it } from '@jest/globals'
import { bytesOf, renamedBytes } from '../../support/answer-bytes.js'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool, initialize, type Sent } from '../../support/mcp-harness.js'

const start = harnessPerTest({ login: 'tools' })

const signInTools = ['sign_in', 'sign_out', 'who']
const withoutSignIn = ['hello', ...signInTools]
const hint = 'Nobody is signed in. Call oauth_start to sign in, then list the tools again.'
const unknown = 'u'.repeat(43)
const ping = call('ping')

function resultOf(text: string): object {
  return { content: [{ type: 'text', text }] }
}

describe.each(['on', 'off'] as const)('with the hot path %s', (hot) => {
  describe('a session without a token', () => {
    it('lists the tools that sign in and the public ones, and no other', async () => {
      const harness = await start({ hot })
      expect(await harness.list({ token: null, session: await harness.open(null) })).toEqual(withoutSignIn)
    })

    it('runs public tools and those that sign in, for nobody', async () => {
      const harness = await start({ hot })
      const anonymous = { token: null, session: await harness.open(null) }
      const hello = await harness.send({ ...anonymous, body: callTool('hello') })
      expect(hello.messages[0]?.result).toEqual(resultOf('pong'))
      const who = await harness.send({ ...anonymous, body: callTool('who') })
      expect(who.messages[0]?.result).toEqual(resultOf('nobody'))
    })

    it.each([
      ['wipe', 'vanish'],
      ['echo', 'ohce'],
      ['transfer', 'absented'],
    ])('is answered of the protected tool %s and the absent tool %s with the same bytes', async (hidden, absent) => {
      const harness = await start({ hot })
      const anonymous = { token: null, session: await harness.open(null) }
      for (const extra of [{}, { _meta: { progressToken: 1 } }, { _meta: { trace: 'x' } }, { arguments: { x: 1 } }]) {
        const of = (name: string): Promise<string> =>
          renamedBytes(harness, { ...anonymous, body: call('tools/call', { name, ...extra }, 5) }, name, absent)
        expect(await of(hidden)).toBe(await of(absent))
      }
      expect(harness.diary.started).toBe(0)
    })

    it('is advised to sign in, whatever it asked for', async () => {
      const harness = await start({ hot })
      const { status, messages } = await harness.send({
        ...{ token: null, session: await harness.open(null), body: callTool('wipe', {}, 'i') },
      })
      const error = { code: -32602, message: 'Unknown tool: wipe', data: { hint } }
      expect([status, messages]).toEqual([200, [{ jsonrpc: '2.0', id: 'i', error }]])
    })

    it('has its calls on record, for nobody', async () => {
      const harness = await start({ hot })
      await harness.send({ token: null, session: await harness.open(null), body: callTool('wipe') })
      expect(harness.audit.counted).toMatchObject([
        { type: 'operation.denied', operation: 'wipe', subject: undefined, tenant: undefined },
      ])
    })
  })

  describe('a session that is signed in', () => {
    it('lists what the user may use, and the tools that sign in and out', async () => {
      const harness = await start({ hot })
      const bobs = await harness.list({ token: null, session: await harness.openAs('bob') })
      expect(bobs).toEqual(expect.arrayContaining(['hello', 'echo', 'read', ...signInTools]))
      expect(bobs).not.toContain('wipe')
      const alices = await harness.list({ token: null, session: await harness.openAs('alice') })
      expect(alices).toContain('wipe')
    })

    it('calls as the user, who is on record', async () => {
      const harness = await start({ hot })
      const bob = { token: null, session: await harness.openAs('bob') }
      const answer = await harness.send({ ...bob, body: callTool('echo', { nonce: 'n' }) })
      expect(answer.messages[0]?.result).toEqual(resultOf('{"who":"bob","args":{"nonce":"n"}}'))
      expect(harness.audit.recorded.at(-1)).toMatchObject({ type: 'operation.outcome', subject: 'bob' })
      expect((await harness.send({ ...bob, body: callTool('who') })).messages[0]?.result).toEqual(resultOf('bob'))
    })

    it('is answered of a hidden and an absent tool with the same bytes, and no advice', async () => {
      const harness = await start({ hot })
      const bob = { token: null, session: await harness.openAs('bob') }
      const of = (name: string): Promise<string> =>
        renamedBytes(harness, { ...bob, body: callTool(name) }, name, 'vanish')
      expect(await of('wipe')).toBe(await of('vanish'))
      expect(await of('wipe')).not.toContain('hint')
      expect(harness.diary.started).toBe(0)
    })

    it('is another user from the next sign-in on, and nobody after signing out', async () => {
      const harness = await start({ hot })
      const anonymous = { token: null, session: await harness.openAs('alice') }
      await harness.send({ ...anonymous, body: callTool('sign_in', { as: 'bob' }) })
      expect(await harness.list(anonymous)).not.toContain('wipe')
      expect(harness.signIns.standing.map(({ subject }) => subject)).toEqual(['bob'])
      await harness.send({ ...anonymous, body: callTool('sign_out') })
      expect(await harness.list(anonymous)).toEqual(withoutSignIn)
      expect((await harness.send({ ...anonymous, body: callTool('echo') })).text).toContain(hint)
    })

    it('leaves every other session as it was', async () => {
      const harness = await start({ hot })
      const [other, bearer] = [await harness.open(null), await harness.open('carol')]
      await harness.openAs('alice')
      expect(await harness.list({ token: null, session: other })).toEqual(withoutSignIn)
      expect(await harness.list({ token: 'carol', session: bearer })).not.toContain('wipe')
    })

    it('ends with its sign-in when it is deleted', async () => {
      const harness = await start({ hot })
      const bob = { token: null, session: await harness.openAs('bob') }
      expect((await harness.send({ ...bob, method: 'DELETE' })).status).toBe(200)
      expect([harness.sessions.standing, harness.signIns.standing]).toEqual([[], []])
      expect(harness.audit.recorded.at(-1)).toMatchObject({ type: 'session.ended', reason: 'terminated' })
      expect((await harness.send({ ...bob, body: ping })).status).toBe(404)
    })
  })

  describe('a bearer', () => {
    it('sees none of the tools that sign in, and finds them as unknown as absent ones', async () => {
      const harness = await start({ hot })
      for (const path of ['/mcp', '/mcp/oauth']) {
        const alice = { token: 'alice', path, session: await harness.open('alice', { path }) }
        const names = await harness.list(alice)
        expect(names).toContain('wipe')
        expect(names.filter((name) => signInTools.includes(name))).toEqual([])
        const of = (name: string): Promise<string> =>
          renamedBytes(harness, { ...alice, body: callTool(name) }, name, 'nothing')
        expect(await of('sign_in')).toBe(await of('nothing'))
        expect(await of('sign_in')).not.toContain('hint')
      }
      expect(harness.signIns.standing).toEqual([])
    })

    it('alone may use what is for bearers only', async () => {
      const harness = await start({ hot })
      const bearer = { token: 'alice', session: await harness.open('alice') }
      expect(await harness.list(bearer)).toContain('transfer')
      const allowed = await harness.send({ ...bearer, body: callTool('transfer') })
      expect(allowed.messages[0]?.result).toEqual(resultOf('transferred'))
      const signedIn = { token: null, session: await harness.openAs('alice') }
      expect(await harness.list(signedIn)).not.toContain('transfer')
      const of = (name: string): Promise<string> =>
        renamedBytes(harness, { ...signedIn, body: callTool(name) }, name, 'absented')
      expect(await of('transfer')).toBe(await of('absented'))
      expect(await of('transfer')).toContain('Unknown tool: absented')
      expect(harness.diary.started).toBe(1)
    })
  })

  it('without sessions, no tool that signs in is listed or known, with or without a token', async () => {
    const harness = await start({ hot, sessions: 'stateless' })
    expect(await harness.list({ token: null })).toEqual(['hello'])
    expect(await harness.list({ token: 'alice' })).not.toContain('sign_in')
    for (const token of [null, 'alice']) {
      const answer = await harness.send({ token, body: callTool('sign_in', { as: 'alice' }) })
      expect(answer.messages[0]?.error).toEqual({ code: -32602, message: 'Unknown tool: sign_in' })
    }
    expect(harness.signIns.standing).toEqual([])
  })
})

describe('the path for bearers', () => {
  it.each([
    ['initialize', { body: initialize() }],
    ['a list', { body: call('tools/list') }],
    ['a tool that signs in', { body: callTool('sign_in', { as: 'alice' }) }],
    ['a public tool', { body: callTool('hello') }],
    ['a later protocol', { body: ping, headers: { 'mcp-protocol-version': '2026-07-28' } }],
    ['GET', { method: 'GET' }],
    ['DELETE', { method: 'DELETE' }],
  ] as [string, Sent][])('is closed without a token: %s', async (_what, sent) => {
    const harness = await start()
    const session = await harness.openAs('alice')
    for (const claim of [{}, { session }, { session: unknown }]) {
      const answer = await harness.send({ ...sent, ...claim, token: null, path: '/mcp/oauth' })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain('/.well-known/oauth-protected-resource/mcp/oauth"')
    }
    expect(harness.signIns.standing).toHaveLength(1)
    expect((await harness.send({ token: null, session, body: ping })).status).toBe(200)
  })
})

describe('the path where clients sign in', () => {
  it.each([
    ['GET', { method: 'GET' }],
    ['DELETE', { method: 'DELETE' }],
    ['a call', { body: callTool('hello') }],
    ['a list', { body: call('tools/list') }],
  ] as [string, Sent][])('demands a session of %s', async (_what, sent) => {
    const harness = await start()
    expect((await harness.send({ ...sent, token: null })).status).toBe(400)
    expect([harness.diary.started, harness.sessions.standing]).toEqual([0, []])
  })

  it.each([
    ['another scheme', 'Basic YWxpY2U6'],
    ['nothing', ''],
    ['a scheme that begins alike', 'Bearerx alice'],
    ['a bearer without token', 'Bearer'],
    ['a malformed bearer', 'Bearer alice bob'],
    ['an expired bearer', 'Bearer alice+expired'],
    ['a bearer of nobody', 'Bearer mallory'],
  ])('takes nobody for nobody who sends %s', async (_what, authorization) => {
    const harness = await start()
    const session = await harness.openAs('bob')
    const sessions = harness.sessions.standing.length
    for (const sent of [{ body: initialize() }, { session, body: callTool('echo') }, { session, method: 'DELETE' }]) {
      const answer = await harness.send({ ...sent, token: null, headers: { authorization } })
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Bearer /)])
    }
    expect([harness.diary.started, harness.sessions.standing.length]).toEqual([0, sessions])
    expect((await harness.send({ token: null, session, body: callTool('who') })).text).toContain('bob')
  })

  it.each([
    ['POST', { body: ping }],
    ['POST of a call', { body: callTool('wipe') }],
    ['POST of initialize', { body: initialize() }],
    ['POST of a notification', { body: { jsonrpc: '2.0', method: 'notifications/initialized' } }],
    ['GET', { method: 'GET' }],
    ['DELETE', { method: 'DELETE' }],
  ] as [string, Sent][])('keeps sessions with and without bearers apart: %s', async (_what, sent) => {
    const harness = await start()
    const bearers = await harness.open('alice')
    const signedIn = await harness.openAs('alice')
    for (const { token, session } of [
      { token: null, session: bearers },
      { token: 'alice', session: signedIn },
      { token: 'bob', session: signedIn },
    ]) {
      const taken = await bytesOf(harness, { ...sent, token, session })
      expect(taken).toEqual(await bytesOf(harness, { ...sent, token, session: unknown }))
      expect(taken).toMatchObject({ status: 404 })
    }
    expect([harness.diary.started, harness.signIns.standing.length]).toEqual([0, 1])
    expect((await harness.send({ token: 'alice', session: bearers, body: ping })).status).toBe(200)
    expect((await harness.send({ token: null, session: signedIn, body: callTool('who') })).text).toContain('alice')
    const reasons = harness.audit.counted.map(({ reason }) => reason)
    expect(reasons.filter((reason) => reason === 'ERR_SESSION_MISMATCH')).toHaveLength(3)
    expect(reasons.filter((reason) => reason === 'ERR_SESSION_UNKNOWN')).toHaveLength(3)
  })
})
