import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { call, callTool } from '../../../support/mcp-harness.js'
import { operation } from '../../../support/mcp-operations.js'
import { StdioBench } from '../../../support/stdio-bench.js'
import { until } from '../../../support/until.js'

const shuttingDown = { code: -32000, data: { code: 'SHUTTING_DOWN', retryable: true } }

describe('the end of a server on stdio', () => {
  let bench: StdioBench
  beforeEach(async () => {
    bench = await StdioBench.start()
    await bench.open({ elicitation: {} })
    await bench.signIn('alice')
  })
  afterEach(() => bench.stop())

  const isOver = async (): Promise<boolean> => {
    const over = bench.edge.ended.then(() => true)
    return Promise.race([over, pause(20, false)])
  }

  it('comes with the end of the input', async () => {
    expect(await isOver()).toBe(false)
    bench.input.end()
    await bench.edge.ended
    expect(bench.input.destroyed).toBe(true)
    expect(bench.logged).toEqual([])
  })

  it('waits for what was asked before', async () => {
    bench.send(callTool('wait', {}, 'slow'))
    bench.send(callTool('later', { ms: 30 }, 'later'))
    bench.input.end()
    await until(() => bench.messages.some(({ id }) => id === 'later'))
    expect(await isOver()).toBe(false)
    bench.diary.release()
    await bench.edge.ended
    expect(bench.messages.find(({ id }) => id === 'slow')).toMatchObject({ result: { content: [{ text: 'waited' }] } })
  })

  it('waits for what nobody knows yet who asks', async () => {
    const found = bench.hold()
    bench.send(callTool('echo', {}, 'held'))
    bench.input.end()
    await until(() => bench.held > 0)
    expect(await isOver()).toBe(false)
    found()
    await bench.edge.ended
    expect(bench.messages.find(({ id }) => id === 'held')).toHaveProperty('result')
  })

  it('aborts after a few seconds what goes on, and says so', async () => {
    bench.send(callTool('wait', {}, 'endless'))
    await until(() => bench.diary.waiting.size === 1)
    const started = performance.now()
    bench.input.end()
    await bench.edge.ended
    expect(performance.now() - started).toBeLessThan(3_900)
    expect(bench.diary.aborted).toBe(1)
    expect(bench.messages.find(({ id }) => id === 'endless')).toHaveProperty('result')
  })

  it('answers the last line, and refuses one that breaks off', async () => {
    bench.input.end(JSON.stringify(callTool('hello', {}, 'last')))
    await bench.edge.ended
    expect(bench.messages.at(-1)).toMatchObject({ id: 'last', result: { content: [{ text: 'pong' }] } })
    const other = await StdioBench.start()
    await other.open()
    other.input.end('{"jsonrpc":"2.0","id":5,"met')
    await other.edge.ended
    expect(other.messages.at(-1)).toMatchObject({ id: null, error: { code: -32700 } })
  })

  it('comes when the input breaks, with a word in the log', async () => {
    bench.input.destroy(new TypeError('broken'))
    await bench.edge.ended
    expect(bench.logged).toMatchObject([{ level: 'warn', message: 'the input broke off' }])
  })

  it('comes quietly when the client does not read any more', async () => {
    bench.send(callTool('wait', {}, 'slow'))
    await until(() => bench.diary.waiting.size === 1)
    bench.output.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    bench.diary.release()
    bench.send(callTool('hello', {}, 'unread'))
    bench.send('no JSON')
    bench.input.end()
    await bench.edge.ended
    expect(bench.logged.map(({ level }) => level)).toEqual(['debug'])
  })

  it('on demand takes no further request, but the answers that running calls wait for', async () => {
    bench.send(callTool('ask', {}, 'asking'))
    const form = await bench.next(({ method }) => method === 'elicitation/create')
    const closed = bench.edge.close(2_000)
    expect((await bench.ask(callTool('hello', {}, 'late'))).error).toMatchObject(shuttingDown)
    expect((await bench.ask(call('ping', undefined, 'later'))).error).toMatchObject(shuttingDown)
    bench.send({ jsonrpc: '2.0', id: form.id, result: { action: 'accept', content: { name: 'Ann' } } })
    await closed
    await bench.edge.ended
    expect(bench.messages.find(({ id }) => id === 'asking')).toMatchObject({
      result: { content: [{ text: 'hello Ann' }] },
    })
    expect(bench.logged).toEqual([])
  })

  it('answers for a call that does not listen, once', async () => {
    let finish = (): void => undefined
    const deaf = operation('deaf', {
      requirement: 'public',
      run: () =>
        new Promise((resolve) => {
          finish = () => resolve('at last')
        }),
    })
    const other = await StdioBench.start({ operations: [deaf] })
    await other.open()
    other.send(callTool('deaf', {}, 'deaf'))
    await until(() => other.audit.recorded.length > 0)
    await pause(10)
    await Promise.all([other.edge.close(0), other.edge.close(5_000)])
    finish()
    await other.edge.ended
    await pause(10)
    const answers = other.messages.filter(({ id }) => id === 'deaf')
    const ref = other.audit.recorded[0]?.requestId
    expect(answers).toMatchObject([{ error: { ...shuttingDown, data: { ...shuttingDown.data, ref } } }])
  })

  it('does not wait for a client that does not read', async () => {
    bench.output.pause()
    for (let id = 100; id < 164; id += 1) bench.send(callTool('echo', { nonce: 'x'.repeat(2_000) }, id))
    bench.send(callTool('wait', {}, 'slow'))
    await pause(50)
    const started = performance.now()
    await bench.edge.close(100)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
