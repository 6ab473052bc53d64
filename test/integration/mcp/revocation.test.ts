import { describe, expect, it } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool, McpHarness } from '../../support/mcp-harness.js'
import { until } from '../../support/until.js'

const start = harnessPerTest()

const asksForProgress = { name: 'wait', arguments: { tell: true }, _meta: { progressToken: 1 } }
const calls = [
  { sessions: 'stateful', body: callTool('wait', {}, 'w') },
  { sessions: 'stateful', body: call('tools/call', asksForProgress, 'w') },
  { sessions: 'stateless', body: callTool('wait', {}, 'w') },
] as const

describe.each(['on', 'off'] as const)('with the hot path %s', (hot) => {
  it('a running call ends when the account is disabled, before anything is said and in the middle of a stream', async () => {
    const ended = calls.map(async ({ sessions, body }) => {
      const harness = await start({ sessions, hot })
      const session = sessions === 'stateful' ? await harness.open() : undefined
      const answer = harness.send({ session, body })
      await until(() => harness.diary.waiting.size === 1)
      harness.people.disable('alice')
      const { messages } = await answer
      await until(() => harness.diary.aborted === 1)
      return messages.at(-1)
    })
    const refusal = {
      jsonrpc: '2.0',
      id: 'w',
      error: { code: -32000, message: 'The access token is no longer valid' },
    }
    expect(await Promise.all(ended)).toEqual([refusal, refusal, refusal])
  })

  it('a GET stream ends when the account is disabled, the grant revoked, the tenant suspended or no longer admitted', async () => {
    const refusals: readonly ((harness: McpHarness) => unknown)[] = [
      ({ people }) => people.disable('alice'),
      ({ people }) => people.revoke('alice'),
      ({ people }) => (people.suspended = true),
      ({ people }) => (people.admits = ['globex']),
    ]
    const ended = refusals.map(async (refuse) => {
      const harness = await start({ hot })
      const ending = harness.send({ session: await harness.open() })
      await until(() => harness.openStreams === 1)
      refuse(harness)
      const { status, messages } = await ending
      return [status, messages.length, harness.openStreams]
    })
    expect(await Promise.all(ended)).toEqual(refusals.map(() => [200, 0, 0]))
  })
})

describe('what goes on', () => {
  it('is ended for those alone who may no longer enter', async () => {
    const harness = await start()
    const gone = new AbortController()
    const stays = harness.send({ token: 'bob', session: await harness.open('bob'), signal: gone.signal })
    stays.catch(() => undefined)
    const ending = harness.send({ session: await harness.open() })
    await until(() => harness.openStreams === 2)
    harness.people.disable('alice')
    await ending
    expect(harness.openStreams).toBe(1)
    gone.abort()
    await until(() => harness.openStreams === 0)
  })

  it('outlives an outage of the database, and not the refusal after it', async () => {
    const harness = await start()
    const answer = harness.send({ session: await harness.open(), body: callTool('wait', {}, 'w') })
    await until(() => harness.diary.waiting.size === 1)
    harness.people.databaseDown = true
    await until(() => harness.logged.some(({ message }) => message.startsWith('whether callers may go on')))
    expect(harness.diary.aborted).toBe(0)
    harness.people.disable('alice')
    harness.people.databaseDown = false
    expect((await answer).messages).toMatchObject([{ error: { message: 'The access token is no longer valid' } }])
  })

  it('costs one look-up per caller, however much of it there is', async () => {
    const harness = await start()
    const session = await harness.open()
    const answers = Array.from({ length: 10 }, (_, id) => harness.send({ session, body: callTool('wait', {}, id) }))
    await until(() => harness.diary.waiting.size === 10)
    const before = harness.people.lookups
    await until(() => harness.people.lookups > before)
    expect(harness.people.lookups).toBe(before + 1)
    harness.diary.release()
    await Promise.all(answers)
  })

  it('costs nothing while it is short', async () => {
    const harness = await start()
    const session = await harness.open()
    const before = harness.people.lookups
    let calls = 0
    for (const end = performance.now() + 2_500; performance.now() < end; calls += 1) {
      await harness.send({ session, body: callTool('later', { ms: 100 }, calls) })
    }
    expect(harness.people.lookups).toBe(before + calls)
  })
})
