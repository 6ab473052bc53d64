import { describe, expect, it } from '@jest/globals'
import { digestOf } from '../../../src/adapter/mcp/http/session-gate.js'
import { CallContext } from '../../../src/core/operation/call-context.js'
import type { Operation } from '../../../src/core/operation/operation.js'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { callTool, McpHarness } from '../../support/mcp-harness.js'
import { operation } from '../../support/mcp-operations.js'
import { acme } from '../../support/mcp-ports.js'
import { ManualClock } from '../../support/manual-clock.js'

const reference = { tenant: acme, key: 'sign-in' }

const operations: readonly Operation[] = [
  operation('oauth_logout', {
    requirement: 'login',
    run: async (_args, call) => {
      await CallContext.loginOf(call)?.bind(undefined, undefined)
      return 'signed out'
    },
  }),
  operation('oauth_status', { requirement: 'login', run: () => 'status' }),
  operation('hello', { run: (_args, call) => `hello ${call.user?.subject}` }),
]

const startWith = harnessPerTest({ login: 'tools', operations })
const start = (clock = new ManualClock()): Promise<McpHarness> => startWith({ clock })

async function signedIn(harness: McpHarness): Promise<string> {
  const session = await harness.open(null)
  const identity = { issuer: 'https://issuer.test', subject: 'alice', tenant: acme, clientId: 'app' }
  await harness.signIns.open({
    ...{ key: reference.key, application: 'app', requestId: 'one' },
    identity: { ...identity, asserted: { scopes: [] }, grantDigest: undefined, endsAt: undefined },
  })
  await harness.sessions.bind(digestOf(session), reference)
  return session
}

describe('signing out', () => {
  it('goes on while nobody can be recognized, and nothing else does', async () => {
    const harness = await start()
    const session = await signedIn(harness)
    const tool = (name: string) => harness.send({ token: null, session, body: callTool(name) })
    expect((await tool('hello')).text).toContain('hello alice')
    harness.people.databaseDown = true
    expect([(await tool('hello')).status, (await tool('oauth_status')).status]).toEqual([503, 503])
    const out = await tool('oauth_logout')
    expect([out.status, out.text]).toEqual([200, expect.stringContaining('signed out')])
    harness.people.databaseDown = false
    expect((await tool('hello')).messages[0]?.error).toMatchObject({ code: -32602, message: 'Unknown tool: hello' })
  })

  it('by DELETE goes on while nobody can be recognized', async () => {
    const harness = await start()
    const session = await signedIn(harness)
    harness.people.databaseDown = true
    expect((await harness.send({ method: 'DELETE', token: null, session })).status).toBe(200)
    harness.people.databaseDown = false
    expect((await harness.send({ token: null, session, body: callTool('hello') })).status).toBe(404)
    expect(harness.signIns.standing).toEqual([])
  })

  it('is for the session at hand only: its name in another method, or a session of somebody else, opens nothing', async () => {
    const harness = await start()
    const session = await signedIn(harness)
    harness.people.databaseDown = true
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { name: 'oauth_logout' } }
    expect((await harness.send({ token: null, session, body })).status).toBe(503)
    expect((await harness.send({ token: 'bob', session, body: callTool('oauth_logout') })).status).not.toBe(200)
  })
})

describe('a request of a session whose sign-in is over', () => {
  it("is nobody's, and on record; one whose sign-in stands is not", async () => {
    const harness = await start()
    const session = await signedIn(harness)
    const reasons = () => harness.audit.counted.map(({ reason }) => reason).filter((reason) => reason !== undefined)
    await harness.send({ token: null, session, body: callTool('hello') })
    expect(reasons()).toEqual([])
    await harness.signIns.end(reference, 'logged_out')
    const answer = await harness.send({ token: null, session, body: callTool('hello') })
    expect(answer.messages[0]?.error?.message).toBe('Unknown tool: hello')
    expect(reasons()).toEqual(['ERR_SESSION_EXPIRED', 'ERR_PERMISSION_DENIED'])
  })
})

describe('calls before signing in', () => {
  it('are 120 a minute in one session; whoever has a sign-in can always end it, and calls of somebody go on', async () => {
    const clock = new ManualClock()
    const harness = await start(clock)
    const session = await harness.open(null)
    const tool = (name: string) => harness.send({ token: null, session, body: callTool(name) })
    for (let count = 0; count < 60; count += 1) {
      expect((await tool('oauth_status')).status).toBe(200)
      expect((await tool(`guess_${count}`)).status).toBe(200)
    }
    const refused = await tool('oauth_status')
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60'])
    expect(refused.messages).toMatchObject([{ id: 1, error: { code: -32000 } }])
    expect((await tool('oauth_logout')).status).toBe(429)
    await harness.sessions.bind(digestOf(session), reference)
    expect((await tool('oauth_logout')).status).toBe(200)
    expect((await harness.send({ token: 'alice', body: callTool('hello') })).status).not.toBe(429)
    const rows = harness.audit.recorded.length
    await tool('guess')
    expect(harness.audit.recorded).toHaveLength(rows)
    clock.advance(61)
    expect((await tool('oauth_status')).status).toBe(200)
  })
})
