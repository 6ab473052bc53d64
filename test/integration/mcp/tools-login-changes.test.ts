import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { CallContext } from '../../../src/core/operation/call-context.js'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { ManualClock } from '../../support/manual-clock.js'
import { callTool, call, McpHarness, type Received } from '../../support/mcp-harness.js'
import { operation } from '../../support/mcp-operations.js'
import { acme } from '../../support/mcp-ports.js'
import { changesIn, OpenStream } from '../../support/mcp-stream.js'
import { until } from '../../support/until.js'

const start = harnessPerTest({ login: 'tools' })

const withoutSignIn = ['hello', 'sign_in', 'sign_out', 'who']
const hint = 'Nobody is signed in.'

/** Long enough for a message that is on its way. */
const moment = (): Promise<void> => pause(100)

/** A session that has listed its tools, signed in as `user` if one is named. */
async function listed(harness: McpHarness, user?: string): Promise<string> {
  const session = user === undefined ? await harness.open(null) : await harness.openAs(user)
  await harness.list({ token: null, session })
  return session
}

describe.each(['on', 'off'] as const)('with the hot path %s', (hot) => {
  const signIn = (harness: McpHarness, session: string, user: string): Promise<Received> =>
    harness.send({ token: null, session, body: callTool('sign_in', { as: user }) })
  const signOut = (harness: McpHarness, session: string): Promise<Received> =>
    harness.send({ token: null, session, body: callTool('sign_out') })

  it('a sign-in and a sign-out are told on the open stream, once, and not with the answer', async () => {
    const harness = await start({ hot })
    const session = await listed(harness)
    const stream = await OpenStream.open(harness, { session })
    const answer = await signIn(harness, session, 'bob')
    await until(() => stream.changes === 1)
    expect(changesIn(answer.messages)).toBe(0)
    await harness.list({ token: null, session })
    const last = await signOut(harness, session)
    await until(() => stream.changes === 2)
    await moment()
    expect([stream.changes, changesIn(last.messages), stream.messages.length]).toEqual([2, 0, 2])
    stream.close()
  })

  it('without an open stream they are told before the answer, and not again on a later stream', async () => {
    const harness = await start({ hot })
    const session = await listed(harness)
    for (const act of [() => signIn(harness, session, 'bob'), () => signOut(harness, session)]) {
      const { headers, messages } = await act()
      expect(headers['content-type']).toBe('text/event-stream')
      expect(messages.map(({ id, method }) => id ?? method)).toEqual(['notifications/tools/list_changed', 1])
      const stream = await OpenStream.open(harness, { session })
      await moment()
      expect(stream.messages).toEqual([])
      stream.close()
      await until(() => harness.openStreams === 0)
    }
  })

  it('a client that has listed nothing yet is told, too', async () => {
    const harness = await start({ hot })
    expect(changesIn((await signIn(harness, await harness.open(null), 'bob')).messages)).toBe(1)
  })

  it('no other session is told, whosever it is', async () => {
    const harness = await start({ hot })
    const others = [await listed(harness), await listed(harness, 'bob'), await listed(harness, 'alice')]
    const bearer = { token: 'bob', session: await harness.open('bob') }
    await harness.list(bearer)
    const claims = [...others.map((session) => ({ token: null, session })), bearer]
    const streams = await Promise.all(claims.map((claim) => OpenStream.open(harness, claim)))
    const session = await listed(harness)
    expect(changesIn((await signIn(harness, session, 'bob')).messages)).toBe(1)
    expect(changesIn((await signOut(harness, session)).messages)).toBe(1)
    for (const claim of claims) await harness.send({ ...claim, body: call('ping') })
    await moment()
    expect(streams.map(({ messages }) => messages)).toEqual([[], [], [], []])
    for (const stream of streams) stream.close()
  })

  it('a sign-in that changes no list is not told', async () => {
    const harness = await start({ hot })
    const session = await listed(harness, 'bob')
    expect(changesIn((await signIn(harness, session, 'bob')).messages)).toBe(0)
    const stream = await OpenStream.open(harness, { session })
    await signIn(harness, session, 'bob')
    await moment()
    expect(stream.messages).toEqual([])
    stream.close()
  })

  it('a sign-in whose answer reaches nobody is told when the client listens again', async () => {
    const waiting = new Set<() => void>()
    const late = operation('sign_in_late', {
      requirement: 'login',
      run: async (_args, call_) => {
        await new Promise<void>((resolve) => waiting.add(resolve))
        const identity = { issuer: 'https://issuer.test', subject: 'bob', tenant: acme, clientId: 'app' }
        const signIn_ = { ...identity, asserted: { scopes: [] }, grantDigest: undefined, endsAt: undefined }
        await harness.signIns.open({ key: 'late', application: 'app', identity: signIn_, requestId: 'late' })
        await CallContext.loginOf(call_)?.bind({ tenant: acme, key: 'late' }, undefined)
        bound = true
      },
    })
    let bound = false
    const operations = [late, operation('echo', { run: () => 'echo' })]
    const harness: McpHarness = await start({ hot, operations })
    const session = await listed(harness)
    const gone = new AbortController()
    const body = callTool('sign_in_late')
    const cut = harness.send({ token: null, session, body, signal: gone.signal })
    await until(() => waiting.size === 1)
    gone.abort()
    await expect(cut).rejects.toThrow()
    await moment()
    for (const go of waiting) go()
    await until(() => bound)
    const stream = await OpenStream.open(harness, { session })
    await until(() => stream.changes === 1)
    expect(await harness.list({ token: null, session })).toEqual(['sign_in_late', 'echo'])
    stream.close()
  })
})

type End = readonly [how: string, end: (harness: McpHarness, clock: ManualClock) => unknown]

const ends: readonly End[] = [
  [
    'the user signs out elsewhere',
    ({ signIns }) => Promise.all(signIns.standing.map((one) => signIns.end(one, 'logged_out'))),
  ],
  ['the sign-in expires', (_harness, clock) => clock.advance(61)],
  ['the account is disabled', ({ people }) => people.disable('bob')],
  ['the grant is revoked', ({ people }) => people.revoke('bob')],
  ['the tenant is suspended', ({ people }) => (people.suspended = true)],
  ['the application admits the tenant no longer', ({ people }) => (people.admits = ['globex'])],
]

/** Bob, whose sign-in ends in a minute. */
async function signedIn(hot: 'on' | 'off'): Promise<{ harness: McpHarness; clock: ManualClock; session: string }> {
  const clock = new ManualClock()
  const harness = await start({ hot, clock })
  const session = await harness.openAs('bob', { endsAt: clock.seconds + 60 })
  expect(await harness.list({ token: null, session })).toContain('read')
  return { harness, clock, session }
}

describe.each(['on', 'off'] as const)('when a sign-in has ended, with the hot path %s', (hot) => {
  it.each(ends)("the next request is nobody's: %s", async (_how, end) => {
    const { harness, clock, session } = await signedIn(hot)
    await end(harness, clock)
    const started = harness.diary.started
    const answer = await harness.send({ token: null, session, body: callTool('read') })
    expect(answer.messages[0]?.error).toMatchObject({ code: -32602, message: 'Unknown tool: read' })
    expect(answer.text).toContain(hint)
    expect(await harness.list({ token: null, session })).toEqual(withoutSignIn)
    expect(harness.diary.started).toBe(started)
  })

  it('the open stream tells so within seconds, without any request, and stays open', async () => {
    const told = ends.map(async ([, end]) => {
      const { harness, clock, session } = await signedIn(hot)
      const stream = await OpenStream.open(harness, { session })
      await end(harness, clock)
      await until(() => stream.changes > 0, 15_000)
      await harness.list({ token: null, session })
      await pause(2_500)
      const seen = [stream.changes, stream.ended, harness.openStreams]
      stream.close()
      return seen
    })
    expect(await Promise.all(told)).toEqual(ends.map(() => [1, false, 1]))
  })

  it('its running calls end, before anything is said and in the middle of a stream', async () => {
    const asks = { name: 'wait', arguments: { tell: true }, _meta: { progressToken: 1 } }
    const ended = ends.flatMap(([, end]) =>
      [callTool('wait', {}, 'w'), call('tools/call', asks, 'w')].map(async (body) => {
        const { harness, clock, session } = await signedIn(hot)
        const answer = harness.send({ token: null, session, body })
        await until(() => harness.diary.waiting.size === 1)
        await end(harness, clock)
        const { messages } = await answer
        await until(() => harness.diary.aborted === 1)
        expect((await harness.send({ token: null, session, body: call('ping') })).status).toBe(200)
        return messages.at(-1)
      }),
    )
    const refusal = { jsonrpc: '2.0', id: 'w', error: { code: -32000, message: 'The sign-in has ended' } }
    expect(await Promise.all(ended)).toEqual(ended.map(() => refusal))
  })
})

describe('on the open stream of a session that is signed in', () => {
  it('a grant that was lost or won is told within seconds', async () => {
    const harness = await start()
    const session = await listed(harness, 'bob')
    const stream = await OpenStream.open(harness, { session })
    harness.people.set('bob', {})
    await until(() => stream.changes === 1, 15_000)
    expect(await harness.list({ token: null, session })).not.toContain('read')
    harness.people.set('bob', { roles: ['admin'] })
    await until(() => stream.changes === 2, 15_000)
    expect(await harness.list({ token: null, session })).toContain('wipe')
    stream.close()
  })

  it('an outage says nothing and ends nothing, and what happened meanwhile is told after it', async () => {
    const harness = await start()
    const session = await listed(harness, 'bob')
    const stream = await OpenStream.open(harness, { session })
    harness.people.databaseDown = true
    const message = 'whether tool lists have changed could not be told'
    await until(() => harness.logged.some((line) => line.message === message), 15_000)
    expect([stream.messages, stream.ended]).toEqual([[], false])
    harness.people.disable('bob')
    harness.people.databaseDown = false
    await until(() => stream.changes === 1, 15_000)
    stream.close()
  })

  it('nothing counts as activity of the user', async () => {
    const clock = new ManualClock()
    const harness = await start({ clock })
    const session = await listed(harness, 'bob')
    const stream = await OpenStream.open(harness, { session })
    clock.advance(29 * 60)
    await pause(2_500)
    expect(stream.changes).toBe(0)
    clock.advance(61)
    await until(() => stream.changes === 1, 15_000)
    expect(harness.signIns.standing).toEqual([])
    stream.close()
  })
})
