import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { call, callTool } from '../../../support/mcp-harness.js'
import { StdioBench } from '../../../support/stdio-bench.js'
import { until } from '../../../support/until.js'

const cancel = (requestId: string | number) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId, reason: 'changed my mind' },
})
const answered = (text: string) => ({ result: { content: [{ type: 'text', text }] } })

describe('calls over stdio', () => {
  let bench: StdioBench
  beforeEach(async () => {
    bench = await StdioBench.start()
    await bench.open({ elicitation: {} })
    await bench.signIn('alice')
  })
  afterEach(() => bench.stop())

  it.each(['text', 7, 0, ''])('with the id %j are aborted when the client cancels, and never answered', async (id) => {
    bench.send(callTool('wait', {}, id))
    await until(() => bench.diary.waiting.size === 1)
    const before = bench.lines.length
    bench.send(cancel(id))
    await until(() => bench.diary.aborted === 1)
    expect(await bench.ask(call('ping', undefined, 'after'))).toMatchObject({ result: {} })
    expect(bench.messages.slice(before).map((message) => message.id)).toEqual(['after'])
  })

  it('go on when another one is cancelled', async () => {
    bench.send(callTool('wait', {}, 'mine'))
    await until(() => bench.diary.waiting.size === 1)
    bench.send(cancel('other'))
    bench.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: {} })
    await bench.ask(call('ping'))
    expect(bench.diary.aborted).toBe(0)
    bench.diary.release()
    expect(await bench.next(({ id }) => id === 'mine')).toMatchObject(answered('waited'))
  })

  it('do not start when they are cancelled before it is known who asks', async () => {
    const { started } = bench.diary
    const found = bench.hold()
    bench.send(callTool('echo', {}, 'early'))
    await until(() => bench.held > 0)
    bench.send(cancel('early'))
    await bench.ask(call('ping'))
    found()
    await bench.ask(callTool('hello', {}, 'after'))
    expect(bench.diary.started).toBe(started + 1)
    expect(bench.messages.some(({ id }) => id === 'early')).toBe(false)
  })

  it('do not keep others waiting while it is not known who asks', async () => {
    bench.send(callTool('wait', {}, 'running'))
    await until(() => bench.diary.waiting.size === 1)
    const found = bench.hold()
    bench.send(callTool('echo', {}, 'held'))
    await until(() => bench.held > 0)
    expect(await bench.ask(call('ping'))).toMatchObject({ result: {} })
    bench.send(cancel('running'))
    await until(() => bench.diary.aborted === 1)
    found()
    expect(await bench.next(({ id }) => id === 'held')).toHaveProperty('result')
  })

  it('are 64 at once, the next one is told to come back, and all of the others are answered', async () => {
    for (let id = 1; id <= 64; id += 1) bench.send(callTool('wait', {}, id))
    const refusal = await bench.ask(callTool('wait', {}, 65))
    expect(refusal.error).toEqual({
      code: -32000,
      message: expect.any(String),
      data: { code: 'OVERLOADED', retryable: true, ref: expect.any(String) },
    })
    await until(() => bench.diary.waiting.size === 64)
    bench.send(cancel(64))
    await until(() => bench.diary.waiting.size === 63)
    expect(await bench.ask(callTool('hello', {}, 66))).toMatchObject(answered('pong'))
    bench.diary.release()
    for (let id = 1; id <= 63; id += 1) await bench.next((message) => message.id === id)
    expect(bench.messages.filter(({ id }) => typeof id === 'number' && id > 0 && id < 64)).toHaveLength(63)
  })

  it('tell how far they are to whoever asked for it', async () => {
    const steps = (_meta: object) => call('tools/call', { name: 'steps', arguments: { count: 2 }, _meta }, 's')
    expect(await bench.ask(steps({ progressToken: 'p' }))).toMatchObject(answered('done'))
    const told = bench.messages.filter(({ method }) => method === 'notifications/progress')
    expect(told.map(({ params }) => params)).toEqual([
      { progressToken: 'p', progress: 1, total: 2, message: 'step 1' },
      { progressToken: 'p', progress: 2, total: 2, message: 'step 2' },
    ])
    await bench.ask(steps({}))
    expect(bench.messages.filter(({ method }) => method === 'notifications/progress')).toHaveLength(2)
  })

  it('log from the level on that the client wants', async () => {
    const levels = () =>
      bench.messages.filter(({ method }) => method === 'notifications/message').map(({ params }) => params?.['level'])
    await bench.ask(callTool('chatty'))
    expect(levels()).toEqual(['debug', 'warning'])
    expect(await bench.ask(call('logging/setLevel', { level: 'warning' }))).toMatchObject({ result: {} })
    await bench.ask(callTool('chatty'))
    expect(levels()).toEqual(['debug', 'warning', 'warning'])
  })

  it('ask the user through the client', async () => {
    bench.send(callTool('ask', {}, 'asking'))
    const form = await bench.next(({ method }) => method === 'elicitation/create')
    expect(form.params).toMatchObject({ message: 'Your name?' })
    bench.send({ jsonrpc: '2.0', id: form.id, result: { action: 'accept', content: { name: 'Ann' } } })
    expect(await bench.next(({ id }) => id === 'asking')).toMatchObject(answered('hello Ann'))
  })

  it('do not ask a client that shows no forms', async () => {
    const plain = await StdioBench.start({ beside: bench })
    await plain.open()
    expect(await plain.ask(callTool('ask'))).toMatchObject(answered('cannot ask'))
    await plain.stop()
  })

  it.each([
    ['the sign-in cannot be looked up', () => bench.signIns.refuse('find'), 'AUTH_UNAVAILABLE'],
    ['the account cannot be looked up', () => (bench.people.databaseDown = true), 'TENANT_UNAVAILABLE'],
    ['the call cannot be put on record', () => (bench.audit.down = true), 'TENANT_UNAVAILABLE'],
  ])('are told to come back, and no more, while %s', async (_name, fail, code) => {
    const { started } = bench.diary
    fail()
    for (const message of [callTool('echo', {}, 'a'), callTool('hello', {}, 'b')]) {
      const { error } = await bench.ask(message)
      expect(error).toEqual({
        code: -32000,
        message: 'The server cannot do this at the moment',
        data: { code: code, retryable: true, ref: expect.any(String) },
      })
      expect(JSON.stringify(bench.logged)).toContain(String(error?.data?.['ref']))
    }
    expect(bench.diary.started).toBe(started)
    bench.signIns.recover()
    bench.people.databaseDown = false
    bench.audit.down = false
    expect(await bench.ask(callTool('hello'))).toMatchObject(answered('pong'))
  })

  it('name a reference and nothing else where something breaks that should not', async () => {
    const fresh = await StdioBench.start()
    await fresh.open()
    fresh.keeper.loading = Promise.reject(new TypeError('/home/john/secret'))
    const { error } = await fresh.ask(callTool('echo'))
    expect(error).toEqual({ code: -32603, message: expect.stringMatching(/^Internal error \(ref [\w-]+\)$/) })
    fresh.keeper.loading = Promise.resolve()
    expect(await fresh.ask(callTool('hello'))).toMatchObject(answered('pong'))
    await fresh.stop()
  })
})
