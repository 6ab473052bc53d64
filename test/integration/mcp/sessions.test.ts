import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, jest } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool, initialize, type Sent } from '../../support/mcp-harness.js'
import { ManualClock } from '../../support/manual-clock.js'
import { until } from '../../support/until.js'

const start = harnessPerTest()

const ping = call('ping')
const allButIntervals = [
  ...(['Date', 'hrtime', 'performance', 'nextTick', 'queueMicrotask'] as const),
  ...(['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] as const),
]
const minutes = 60
const hours = 60 * minutes

describe('sessions', () => {
  it('have ids of 256 bits that are never the same', async () => {
    const harness = await start()
    const ids = await Promise.all(Array.from({ length: 50 }, () => harness.open()))
    expect(new Set(ids).size).toBe(50)
    for (const id of ids) expect(Buffer.from(id, 'base64url')).toHaveLength(32)
  })

  it('are not adopted from a client', async () => {
    const harness = await start()
    const wished = 'w'.repeat(43)
    expect((await harness.send({ session: wished, body: initialize() })).status).toBe(404)
    expect((await harness.send({ session: wished, body: ping })).status).toBe(404)
    expect(harness.edge.sessionCount).toBe(0)
  })

  it('are demanded for everything but initialize', async () => {
    const harness = await start()
    for (const sent of [{ body: ping }, { body: callTool('echo') }, { method: 'GET' }, { method: 'DELETE' }]) {
      const answer = await harness.send(sent)
      expect([answer.status, answer.messages[0]?.error?.code]).toEqual([400, -32000])
    }
    expect([harness.diary.started, harness.edge.sessionCount]).toEqual([0, 0])
  })

  it('survive a new token of the same user and client', async () => {
    const harness = await start()
    const session = await harness.open('alice')
    expect((await harness.send({ session, token: 'alice+refreshed', body: ping })).status).toBe(200)
  })

  it('keep their protocol version', async () => {
    const harness = await start()
    const session = await harness.open()
    const status = async (version: string): Promise<number> =>
      (await harness.send({ session, body: ping, headers: { 'mcp-protocol-version': version } })).status
    expect(await status('2025-11-25')).toBe(200)
    expect(await status('2025-06-18')).toBe(404)
    expect(await status('1999-01-01')).toBe(400)
  })

  it('are not initialized twice', async () => {
    const harness = await start()
    const session = await harness.open()
    expect((await harness.send({ session, body: initialize() })).status).toBe(400)
    expect(harness.edge.sessionCount).toBe(1)
  })

  it('end after 30 idle minutes, counted from the last request', async () => {
    const clock = new ManualClock()
    const harness = await start({ clock })
    const session = await harness.open()
    clock.advance(29 * minutes)
    expect((await harness.send({ session, body: ping })).status).toBe(200)
    clock.advance(29 * minutes)
    expect((await harness.send({ session, body: ping })).status).toBe(200)
    clock.advance(30 * minutes)
    expect((await harness.send({ session, body: ping })).status).toBe(404)
  })

  it.each([
    ['a stream is open', { method: 'GET' }],
    ['a call runs', { body: callTool('wait') }],
  ] as [string, Sent][])('are not idle while %s', async (_what, sent) => {
    jest.useFakeTimers({ doNotFake: [...allButIntervals] })
    try {
      const clock = new ManualClock()
      const harness = await start({ clock })
      const session = await harness.open()
      const gone = new AbortController()
      harness.send({ ...sent, session, signal: gone.signal }).catch(() => undefined)
      await until(() => harness.openStreams === 1 || harness.diary.waiting.size === 1)
      for (let round = 0; round < 3; round += 1) {
        clock.advance(20 * minutes)
        const { touched } = harness.sessions
        await jest.advanceTimersByTimeAsync(20_000)
        await until(() => harness.sessions.touched > touched)
      }
      clock.advance(20 * minutes)
      expect((await harness.send({ session, body: call('ping', {}, 'other') })).status).toBe(200)
      gone.abort()
    } finally {
      jest.useRealTimers()
    }
  })

  it('end, with what is open in them, soon after they were ended elsewhere', async () => {
    jest.useFakeTimers({ doNotFake: [...allButIntervals] })
    try {
      const harness = await start()
      const session = await harness.open()
      const stream = harness.send({ session })
      const running = harness.send({ session, body: callTool('wait', {}, 'w') })
      await until(() => harness.openStreams === 1 && harness.diary.waiting.size === 1)
      for (const { digest } of harness.sessions.standing) await harness.sessions.end(digest)
      await jest.advanceTimersByTimeAsync(20_000)
      expect((await running).messages).toMatchObject([{ id: 'w', error: { message: 'The session has ended' } }])
      expect((await stream).messages).toEqual([])
      expect(harness.edge.sessionCount).toBe(0)
    } finally {
      jest.useRealTimers()
    }
  })

  it('end after 12 hours however busy they are', async () => {
    const clock = new ManualClock()
    const harness = await start({ clock })
    const session = await harness.open()
    for (let passed = 0; passed < 12 * hours - 20 * minutes; passed += 20 * minutes) {
      clock.advance(20 * minutes)
      expect((await harness.send({ session, body: ping })).status).toBe(200)
    }
    clock.advance(20 * minutes)
    expect((await harness.send({ session, body: ping })).status).toBe(404)
  })

  it('are 20 per user and client: the least recently used one ends', async () => {
    const harness = await start()
    const sessions = []
    for (let count = 0; count < 20; count += 1) sessions.push(await harness.open())
    const [used, unused] = sessions
    await harness.send({ session: used, body: ping })
    const bob = await harness.open('bob')
    await harness.open()
    expect(harness.edge.sessionCount).toBe(21)
    expect((await harness.send({ session: used, body: ping })).status).toBe(200)
    expect((await harness.send({ session: bob, token: 'bob', body: ping })).status).toBe(200)
    expect((await harness.send({ session: unused, body: ping })).status).toBe(404)
    expect(harness.audit.events.filter(({ type }) => type === 'session.ended')).toMatchObject([
      {
        ...{ reason: 'evicted', subject: 'alice', detail: { kind: 'transport', application: 'app' } },
        personal: { address: '127.0.0.1' },
      },
    ])
  })

  it('take at most 10 KB of heap each while idle', async () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect !== 'function') throw new TypeError('no garbage collector')
    const harness = await start()
    harness.audit.keep = false
    const openMany = async (prefix: string, users: number): Promise<void> => {
      for (let user = 0; user < users; user += 1) {
        harness.people.set(`${prefix}${user}`, { roles: ['reader'] })
        for (let count = 0; count < 20; count += 1) {
          const session = await harness.open(`${prefix}${user}`)
          await harness.send({ session, token: `${prefix}${user}`, body: call('tools/list') })
        }
      }
    }
    // What is in the store is not in this process elsewhere.
    const heap = async (): Promise<number> => {
      harness.sessions.clear()
      for (let round = 0; round < 4; round += 1) {
        await new Promise(setImmediate)
        collect()
      }
      return process.memoryUsage().heapUsed
    }
    await openMany('warm', 10)
    const before = await heap()
    await openMany('user', 50)
    const each = ((await heap()) - before) / 1000
    process.stdout.write(`an idle session takes ${Math.round(each)} bytes of heap\n`)
    expect(harness.edge.sessionCount).toBe(1200)
    expect(each).toBeLessThan(10_240)
    // It is about memory: how long thousands of requests take on a busy machine says nothing.
  }, 120_000)
})
