import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { ManualClock } from '../../support/manual-clock.js'
import { call, callTool, McpHarness, type Sent } from '../../support/mcp-harness.js'
import { changesIn, OpenStream } from '../../support/mcp-stream.js'
import { until } from '../../support/until.js'

const start = harnessPerTest({ login: 'tools' })

const ping = call('ping')
const version = (mcp: string): Pick<Sent, 'headers'> => ({ headers: { 'mcp-protocol-version': mcp } })

type Opened = Pick<Sent, 'token' | 'session'>

/** Ways to open a session and make it Bob's. */
const ways: readonly (readonly [who: string, open: (harness: McpHarness, capabilities?: object) => Promise<Opened>])[] =
  [
    [
      'a bearer',
      async (harness, capabilities = {}) => ({ token: 'bob', session: await harness.open('bob', { capabilities }) }),
    ],
    [
      'a client that signed in',
      async (harness, capabilities = {}) => {
        const opened = { token: null, session: await harness.open(null, { capabilities }) }
        await harness.send({ ...opened, body: callTool('sign_in', { as: 'bob' }) })
        return opened
      },
    ],
  ]

describe.each(['on', 'off'] as const)('with the hot path %s', (hot) => {
  describe.each(ways)('a session of %s', (_who, openOne) => {
    async function restarted(capabilities?: object): Promise<{ harness: McpHarness; opened: Opened }> {
      const first = await start({ hot })
      const opened = await openOne(first, capabilities)
      await first.list(opened)
      await first.edge.close(0)
      return { harness: await start({ hot, beside: first }), opened }
    }

    it('goes on after a restart', async () => {
      const { harness, opened } = await restarted()
      expect(harness.edge.sessionCount).toBe(0)
      const answer = await harness.send({ ...opened, body: callTool('echo', { nonce: 'n' }) })
      expect(answer.text).toContain('who\\":\\"bob')
      expect(answer.headers['mcp-session-id']).toBe(opened.session)
      expect(await harness.list(opened)).toContain('read')
      expect((await harness.send({ ...opened, body: callTool('wipe') })).text).toContain('Unknown tool: wipe')
      expect(harness.edge.sessionCount).toBe(1)
    })

    it('goes on in a replica, and in the first one beside it', async () => {
      const first = await start({ hot })
      const second = await start({ hot, beside: first })
      const opened = await openOne(first)
      for (const harness of [second, first, second, first]) {
        expect((await harness.send({ ...opened, body: callTool('read') })).text).toContain('rows')
      }
      expect([first.edge.sessionCount, second.edge.sessionCount]).toEqual([1, 1])
    })

    it('is asked by forms after a restart if its client shows them', async () => {
      const { harness, opened } = await restarted({ elicitation: {} })
      const asking = await OpenStream.open(harness, { ...opened, body: callTool('ask', {}, 'a') })
      await until(() => asking.messages.length === 1)
      const [question] = asking.messages
      expect(question).toMatchObject({ method: 'elicitation/create', params: { message: 'Your name?' } })
      const result = { action: 'accept', content: { name: 'Bob' } }
      await harness.send({ ...opened, body: { jsonrpc: '2.0', id: question?.id, result } })
      await until(() => asking.ended)
      expect(asking.messages.at(-1)).toMatchObject({ id: 'a', result: { content: [{ text: 'hello Bob' }] } })
    })

    it('is not asked after a restart if its client shows no forms', async () => {
      const { harness, opened } = await restarted()
      expect((await harness.send({ ...opened, body: callTool('ask') })).text).toContain('cannot ask')
    })

    it('keeps its protocol version', async () => {
      const { harness, opened } = await restarted()
      expect((await harness.send({ ...opened, ...version('2025-11-25'), body: ping })).status).toBe(200)
      expect((await harness.send({ ...opened, ...version('1999-01-01'), body: ping })).status).toBe(400)
      expect((await harness.send({ ...opened, ...version('2025-06-18'), body: ping })).status).toBe(404)
    })

    it('is told once, when it listens again, that its list may have changed meanwhile', async () => {
      const { harness, opened } = await restarted()
      await harness.send({ ...opened, body: ping })
      const stream = await OpenStream.open(harness, opened)
      await until(() => stream.changes === 1)
      await harness.send({ ...opened, body: ping })
      await harness.list(opened)
      await pause(100)
      expect(stream.changes).toBe(1)
      stream.close()
    })

    it('is told nothing where it has listed since the restart, or was never restarted', async () => {
      const { harness, opened } = await restarted()
      await harness.list(opened)
      const fresh = { token: 'bob', session: await harness.open('bob') }
      const streams = [await OpenStream.open(harness, opened), await OpenStream.open(harness, fresh)]
      await harness.send({ ...opened, body: ping })
      await pause(100)
      expect(streams.map(({ messages }) => messages)).toEqual([[], []])
      for (const stream of streams) stream.close()
    })

    it('is told of changes after the restart', async () => {
      const { harness, opened } = await restarted()
      const stream = await OpenStream.open(harness, opened)
      await until(() => stream.changes === 1)
      harness.people.set('bob', { roles: ['admin'] })
      await harness.send({ ...opened, body: ping })
      await until(() => stream.changes === 2)
      expect(await harness.list(opened)).toContain('wipe')
      stream.close()
    })

    it('is gone everywhere once it is deleted anywhere', async () => {
      const first = await start({ hot })
      const second = await start({ hot, beside: first })
      const opened = await openOne(first)
      const stream = await OpenStream.open(first, opened)
      expect((await second.send({ ...opened, method: 'DELETE' })).status).toBe(200)
      for (const harness of [second, first]) {
        expect((await harness.send({ ...opened, body: ping })).status).toBe(404)
        expect(harness.edge.sessionCount).toBe(0)
      }
      await until(() => stream.ended)
      expect([first.sessions.standing, first.signIns.standing]).toEqual([[], []])
    })

    it('is restored once, however many requests come at once', async () => {
      const { harness, opened } = await restarted()
      const [one, other, ...rest] = await Promise.all([
        harness.send({ ...opened, body: callTool('later', { ms: 300 }, 7) }),
        harness.send({ ...opened, body: callTool('later', { ms: 300 }, 7) }),
        ...Array.from({ length: 10 }, (_, id) => harness.send({ ...opened, body: callTool('echo', {}, `e${id}`) })),
      ])
      // Two objects would not know of each other's running requests.
      expect([one?.status, other?.status].toSorted()).toEqual([200, 400])
      expect(rest.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
      expect(harness.edge.sessionCount).toBe(1)
    })

    it("is not another's after a restart", async () => {
      const { harness, opened } = await restarted()
      for (const token of [null, 'alice', 'bob', 'bob+client2'].filter((other) => other !== opened.token)) {
        expect((await harness.send({ ...opened, token, body: ping })).status).toBe(404)
      }
      expect((await harness.send({ ...opened, body: ping })).status).toBe(200)
    })
  })

  it('a sign-in and a sign-out count in every replica at once', async () => {
    const first = await start({ hot })
    const second = await start({ hot, beside: first })
    const opened = { token: null, session: await first.open(null) }
    await second.list(opened)
    const signedIn = await second.send({ ...opened, body: callTool('sign_in', { as: 'bob' }) })
    expect(changesIn(signedIn.messages)).toBe(1)
    expect(await first.list(opened)).toContain('read')
    await first.send({ ...opened, body: callTool('sign_out') })
    expect((await second.send({ ...opened, body: callTool('read') })).text).toContain('Unknown tool: read')
  })

  it('a sign-out in another replica is told on the open stream within seconds', async () => {
    const first = await start({ hot })
    const second = await start({ hot, beside: first })
    const opened = { token: null, session: await first.openAs('bob') }
    await first.list(opened)
    const stream = await OpenStream.open(first, opened)
    await second.send({ ...opened, body: callTool('sign_out') })
    await until(() => stream.changes === 1, 15_000)
    stream.close()
  })
})

describe('sessions in several processes', () => {
  it('expire by the store, wherever they were used last', async () => {
    const clock = new ManualClock()
    const first = await start({ clock })
    const second = await start({ clock, beside: first })
    const opened = { token: null, session: await first.open(null) }
    for (const harness of [second, first, second]) {
      clock.advance(20 * 60)
      expect((await harness.send({ ...opened, body: ping })).status).toBe(200)
    }
    clock.advance(30 * 60)
    for (const harness of [first, second]) expect((await harness.send({ ...opened, body: ping })).status).toBe(404)
  })

  it('are 20 per user and client altogether', async () => {
    const first = await start()
    const second = await start({ beside: first })
    const sessions = []
    for (let count = 0; count < 20; count += 1) sessions.push(await (count % 2 === 0 ? first : second).open('bob'))
    await second.open('bob')
    const statuses = []
    for (const session of sessions) statuses.push((await first.send({ token: 'bob', session, body: ping })).status)
    expect(statuses).toEqual([404, ...Array.from({ length: 19 }, () => 200)])
  })
})
