import { describe, expect, it } from '@jest/globals'
import type { CallLimit } from '../../../src/core/operation/call-limit.js'
import { policy, type PolicyVerdict } from '../../../src/core/permission/requirement/policy.js'
import { clients } from '../../support/mcp-clients.js'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { ManualClock } from '../../support/manual-clock.js'
import { callTool, type McpHarness, type Received } from '../../support/mcp-harness.js'
import { operation, role } from '../../support/mcp-operations.js'

const twice: CallLimit = { limit: 2, seconds: 60, per: 'user' }
let handled = 0
const run = (): string => `run ${(handled += 1)}`

const operations = [
  operation('limited', { limits: [twice], run }),
  operation('admins', { limits: [twice], requirement: role('admin'), run }),
  operation('asking', { limits: [twice], elicits: true, run }),
  operation('open', { limits: [twice], requirement: 'public', run }),
]

const start = harnessPerTest({ operations })

function expectLimited(answer: Received, id: unknown, seconds: number): void {
  expect([answer.status, answer.headers['retry-after']]).toEqual([429, String(seconds)])
  expect(answer.headers['content-type']).toBe('application/json')
  const data = { code: 'RATE_LIMITED', retryable: true, retryAfter: seconds, ref: expect.any(String) }
  const message = `Too many calls of this tool; try again in ${seconds} seconds`
  expect(answer.messages).toEqual([{ jsonrpc: '2.0', id, error: { code: -32000, message, data } }])
}

describe.each(['stateful', 'stateless'] as const)('%s', (sessions) => {
  describe.each(['on', 'off'] as const)('a call too many, with the hot path %s', (hot) => {
    it.each([undefined, 'progress'])(
      'is answered with 429 and how long to wait (progress token: %s)',
      async (token) => {
        const harness = await start({ sessions, hot, clock: new ManualClock() })
        const session = sessions === 'stateful' ? await harness.open('bob') : undefined
        const meta = token === undefined ? {} : { _meta: { progressToken: token } }
        const send = (id: unknown, user = 'bob', name = 'limited'): Promise<Received> => {
          const body = { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {}, ...meta } }
          return harness.send({ token: user, session: user === 'bob' ? session : undefined, body })
        }
        const before = handled
        for (const id of [1, 2]) expect((await send(id)).messages.at(-1)?.result).toBeDefined()
        expectLimited(await send('third'), 'third', 60)
        expectLimited(await send(0), 0, 60)
        expect(handled).toBe(before + 2)
        expect((await send(3, 'bob', 'admins')).messages.at(-1)?.error?.code).toBe(-32602)
        expect((await send(4, 'bob', 'asking')).status).toBe(200)
        if (sessions === 'stateless') expect((await send(5, 'alice')).status).toBe(200)
        expect(harness.audit.counted.filter(({ reason }) => reason === 'rate_limited')).toHaveLength(2)
      },
    )

    it.each(clients)('is a clear error for the client %s, which goes on afterwards', async (_name, connect) => {
      const clock = new ManualClock()
      const harness = await start({ sessions, hot, clock })
      const client = await connect({ url: harness.url(), token: 'bob' })
      for (let each = 0; each < 2; each += 1) await client.call('limited')
      await expect(client.call('limited')).rejects.toThrow(/try again in 60 seconds/)
      clock.advance(60)
      await expect(client.call('limited')).resolves.toMatch(/^run /)
      await client.close()
    })

    it('is one on any replica', async () => {
      const clock = new ManualClock()
      const harness = await start({ sessions, hot, clock })
      const replica = await start({ sessions, hot, clock, beside: harness })
      const sessionAt = async (edge: McpHarness): Promise<string | undefined> =>
        sessions === 'stateful' ? edge.open('bob') : undefined
      const [here, there] = [await sessionAt(harness), await sessionAt(replica)]
      const body = callTool('limited')
      expect((await harness.send({ token: 'bob', session: here, body })).status).toBe(200)
      expect((await replica.send({ token: 'bob', session: there, body })).status).toBe(200)
      clock.advance(20)
      expectLimited(await harness.send({ token: 'bob', session: here, body }), 1, 40)
      expectLimited(await replica.send({ token: 'bob', session: there, body }), 1, 40)
    })

    it('is an outage where calls cannot be counted', async () => {
      const harness = await start({ sessions, hot })
      const session = sessions === 'stateful' ? await harness.open('bob') : undefined
      harness.limiter.available = false
      const before = handled
      const answer = await harness.send({ token: 'bob', session, body: callTool('limited') })
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
      expect(answer.messages[0]?.error?.data).toMatchObject({ code: 'AUTH_UNAVAILABLE', retryable: true })
      expect(handled).toBe(before)
    })
  })
})

describe('nobody known', () => {
  it('is who comes from one address, in whatever session', async () => {
    const harness = await start({ login: 'tools', clock: new ManualClock() })
    const [one, other] = [await harness.open(null), await harness.open(null)]
    const body = callTool('open')
    expect((await harness.send({ token: null, session: one, body })).status).toBe(200)
    expect((await harness.send({ token: null, session: other, body })).status).toBe(200)
    expectLimited(await harness.send({ token: null, session: one, body }), 1, 60)
    expectLimited(await harness.send({ token: null, session: await harness.open(null), body }), 1, 60)
    expect((await harness.send({ token: 'bob', path: '/mcp/oauth', body })).status).not.toBe(429)
  })
})

class Told {
  decide(): PolicyVerdict {
    return 'allow'
  }
}

describe('a stream that has begun', () => {
  it('ends with the error, which has all that the headers would', async () => {
    const harness = await start({
      clock: new ManualClock(),
      operations: [
        {
          // Only a policy can have said something by then.
          ...operation('sampled', { limits: [twice], requirement: policy(Told), run }),
          askPolicy: async (_policy, { call }) => {
            await call.progress(1)
            return 'allow'
          },
        },
      ],
    })
    const session = await harness.open('bob')
    const params = { name: 'sampled', arguments: {}, _meta: { progressToken: 'p' } }
    const send = (id: number): Promise<Received> =>
      harness.send({ token: 'bob', session, body: { jsonrpc: '2.0', id, method: 'tools/call', params } })
    await send(1)
    await send(2)
    const answer = await send(3)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/event-stream'])
    expect(answer.messages.at(-1)).toMatchObject({ id: 3, error: { data: { code: 'RATE_LIMITED', retryAfter: 60 } } })
  })
})
