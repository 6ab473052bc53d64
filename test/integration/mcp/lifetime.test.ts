import { connect } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool, McpHarness, type HarnessOptions, type Received } from '../../support/mcp-harness.js'
import { ManualClock } from '../../support/manual-clock.js'
import { operation } from '../../support/mcp-operations.js'
import { until } from '../../support/until.js'

const start = harnessPerTest()

const asksForProgress = { name: 'wait', arguments: { tell: true }, _meta: { progressToken: 1 } }

describe.each(['stateful', 'stateless'] as const)('%s', (sessions) => {
  describe.each(['on', 'off'] as const)('with the hot path %s', (hot) => {
    async function waiting(
      body: object,
      options: HarnessOptions = {},
    ): Promise<{ harness: McpHarness; answer: Promise<Received> }> {
      const harness = await start({ sessions, hot, ...options })
      const session = sessions === 'stateful' ? await harness.open() : undefined
      const answer = harness.send({ session, body })
      await until(() => harness.diary.waiting.size === 1)
      return { harness, answer }
    }

    it.each([
      ['before anything is said', callTool('wait', {}, 'w')],
      ['in the middle of a stream', call('tools/call', asksForProgress, 'w')],
    ])('ends a call when its token expires, %s', async (_when, body) => {
      const clock = new ManualClock()
      const harness = await start({ sessions, hot, clock })
      harness.people.expire('alice', clock.seconds + 60)
      const session = sessions === 'stateful' ? await harness.open() : undefined
      const answer = harness.send({ session, body })
      await until(() => harness.diary.waiting.size === 1)
      clock.advance(61)
      const { messages } = await answer
      expect(messages.at(-1)).toEqual({
        jsonrpc: '2.0',
        id: 'w',
        error: { code: -32000, message: 'The access token expired during the request' },
      })
      await until(() => harness.diary.aborted === 1)
    })

    it('lets running calls finish while it closes, and starts none', async () => {
      const { harness, answer } = await waiting(callTool('wait'))
      const closing = harness.edge.close(5_000)
      const late = await harness.send({ body: callTool('echo') })
      expect([late.status, late.messages[0]?.error?.data]).toMatchObject([
        503,
        { code: 'SHUTTING_DOWN', retryable: true },
      ])
      expect(late.headers.connection).toBe('close')
      harness.diary.release()
      expect((await answer).messages[0]?.result).toEqual({ content: [{ type: 'text', text: 'waited' }] })
      await closing
      expect(harness.diary.aborted).toBe(0)
    })

    it('aborts calls that outlast the drain window and says that it shuts down', async () => {
      const { harness, answer } = await waiting(callTool('wait', {}, 'w'))
      await harness.edge.close(20)
      const { status, messages } = await answer
      expect([status, messages[0]?.id]).toEqual([503, 'w'])
      const allowed = harness.audit.events.find(({ type }) => type === 'operation.allowed')
      expect(messages[0]?.error?.data).toEqual({ code: 'SHUTTING_DOWN', retryable: true, ref: allowed?.requestId })
      expect(harness.diary.aborted).toBe(1)
    })

    it(`${sessions === 'stateful' ? 'goes on with' : 'aborts'} a call whose connection breaks`, async () => {
      const harness = await start({ sessions, hot })
      const session = sessions === 'stateful' ? await harness.open() : undefined
      const gone = new AbortController()
      const answer = harness.send({ session, body: callTool('wait'), signal: gone.signal })
      answer.catch(() => undefined)
      await until(() => harness.diary.waiting.size === 1)
      gone.abort()
      await expect(answer).rejects.toThrow()
      if (sessions === 'stateless') {
        await until(() => harness.diary.aborted === 1)
        return
      }
      expect((await harness.send({ session, body: callTool('echo', {}, 2) })).status).toBe(200)
      expect(harness.diary.aborted).toBe(0)
      harness.diary.release()
    })
  })
})

describe.each(['on', 'off'] as const)('in a session, with the hot path %s', (hot) => {
  const cancelled = (requestId: unknown): object => ({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId },
  })

  it.each([[7], ['seven'], [0], ['']])('cancels the request %j and answers it with nothing', async (id) => {
    const harness = await start({ hot })
    const session = await harness.open()
    const answer = harness.send({ session, body: callTool('wait', {}, id) })
    await until(() => harness.diary.waiting.size === 1)
    expect((await harness.send({ session, body: cancelled(id) })).status).toBe(202)
    expect(await answer).toMatchObject({ status: 200, messages: [] })
    expect(harness.diary.aborted).toBe(1)
  })

  it('cancels nothing of another session, of another id, or by a malformed notification', async () => {
    const harness = await start({ hot })
    const session = await harness.open()
    const other = await harness.open()
    const answer = harness.send({ session, body: callTool('wait', {}, 7) })
    await until(() => harness.diary.waiting.size === 1)
    await harness.send({ session: other, body: cancelled(7) })
    await harness.send({ session, body: cancelled('7') })
    await harness.send({ session, body: { ...cancelled(7), extra: true } })
    await harness.send({ token: 'bob', session, body: cancelled(7) })
    expect(harness.diary.aborted).toBe(0)
    harness.diary.release()
    expect((await answer).messages).toHaveLength(1)
  })

  it('refuses an id that is in flight, and takes it again afterwards', async () => {
    const harness = await start({ hot })
    const session = await harness.open()
    const first = harness.send({ session, body: callTool('wait', {}, 7) })
    await until(() => harness.diary.waiting.size === 1)
    const second = await harness.send({ session, body: callTool('echo', {}, 7) })
    expect([second.status, second.messages[0]?.error?.code]).toEqual([400, -32600])
    expect((await harness.send({ session, body: callTool('echo', {}, '7') })).status).toBe(200)
    harness.diary.release()
    expect((await first).messages[0]?.result).toEqual({ content: [{ type: 'text', text: 'waited' }] })
    expect((await harness.send({ session, body: callTool('echo', {}, 7) })).status).toBe(200)
  })

  it('ends the calls and the stream of a session that is deleted', async () => {
    const harness = await start({ hot })
    const session = await harness.open()
    const stream = harness.send({ session })
    await until(() => harness.openStreams === 1)
    const answer = harness.send({ session, body: callTool('wait', {}, 'w') })
    await until(() => harness.diary.waiting.size === 1)
    expect((await harness.send({ session, method: 'DELETE' })).status).toBe(200)
    expect((await answer).messages).toMatchObject([{ id: 'w', error: { message: 'The session has ended' } }])
    expect((await stream).messages).toEqual([])
    expect(harness.diary.aborted).toBe(1)
    expect((await harness.send({ session, body: call('ping') })).status).toBe(404)
    expect(harness.edge.sessionCount).toBe(0)
  })

  it('ends a GET stream when its token expires, and not before', async () => {
    const clock = new ManualClock()
    const harness = await start({ hot, clock })
    harness.people.expire('alice', clock.seconds + 60)
    harness.people.expire('alice+new', clock.seconds + 600)
    const session = await harness.open()
    const other = await harness.open()
    const ending = harness.send({ session })
    const staying = new AbortController()
    const stays = harness.send({ session: other, token: 'alice+new', signal: staying.signal })
    stays.catch(() => undefined)
    await until(() => harness.openStreams === 2)
    clock.advance(61)
    expect(await ending).toMatchObject({ status: 200, messages: [] })
    expect(harness.openStreams).toBe(1)
    staying.abort()
    await until(() => harness.openStreams === 0)
  })

  it('ends GET streams at once when it closes', async () => {
    const harness = await start({ hot })
    const stream = harness.send({ session: await harness.open() })
    await until(() => harness.openStreams === 1)
    await harness.edge.close(5_000)
    expect((await stream).messages).toEqual([])
    expect(harness.edge.sessionCount).toBe(0)
  })
})

describe.each(['on', 'off'] as const)('a client that reads slowly, with the hot path %s', (hot) => {
  it('holds the handler up instead of filling the memory, and misses nothing', async () => {
    const total = 20_000
    let told = 0
    const operations = [
      operation('flood', {
        run: async (_args, call) => {
          for (told = 0; told < total; told += 1) await call.progress(told, total, 'x'.repeat(1_000))
          return 'done'
        },
      }),
    ]
    const harness = await start({ sessions: 'stateless', hot, operations })
    const { text, pausedAt } = await readSlowly(harness, () => told)
    expect(pausedAt).toBeLessThan(total)
    expect(told).toBe(total)
    expect(text.match(/notifications\/progress/g)).toHaveLength(total)
    expect(text).toContain('"done"')
  })
})

/** Reads nothing until the handler stands still, then everything. */
async function readSlowly(harness: McpHarness, told: () => number): Promise<{ text: string; pausedAt: number }> {
  const body = JSON.stringify(call('tools/call', { name: 'flood', _meta: { progressToken: 1 } }))
  const socket = connect(harness.port, '127.0.0.1')
  socket.pause()
  const head = [`Host: 127.0.0.1:${harness.port}`, 'Authorization: Bearer alice', 'Content-Type: application/json']
  head.push('Accept: application/json, text/event-stream', 'Connection: close', `Content-Length: ${body.length}`)
  socket.write(`POST /mcp HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${body}`)
  await until(async () => {
    const before = told()
    await new Promise((resolve) => setTimeout(resolve, 50))
    return before > 0 && told() === before
  }, 20_000)
  const pausedAt = told()
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return { text: Buffer.concat(chunks).toString('latin1'), pausedAt }
}
