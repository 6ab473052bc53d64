import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { call, callTool } from '../../../support/mcp-harness.js'
import { StdioBench } from '../../../support/stdio-bench.js'

const megabyte = 1_048_576

describe('messages over stdio', () => {
  let bench: StdioBench
  beforeEach(async () => {
    bench = await StdioBench.start()
    await bench.open()
  })
  afterEach(() => bench.stop())

  const text = async (name: string, args: object = {}) => {
    const { result } = await bench.ask(callTool(name, args))
    return (result?.['content'] as { text: string }[] | undefined)?.[0]?.text
  }

  it('are initialized, listed and called as over HTTP', async () => {
    expect(bench.messages[0]).toMatchObject({
      id: 0,
      result: {
        protocolVersion: '2025-11-25',
        serverInfo: { name: 'Bench' },
        capabilities: { tools: { listChanged: true } },
      },
    })
    expect(await bench.list()).toEqual(['hello', 'sign_in', 'sign_out', 'who'])
    expect(await text('hello')).toBe('pong')
    expect(await bench.ask(call('ping', undefined, 'p'))).toEqual({ jsonrpc: '2.0', id: 'p', result: {} })
  })

  it('answer hidden and absent tools with the same bytes and the way to sign in', async () => {
    const [hidden, absent] = [await bench.ask(callTool('wipe', {}, 7)), await bench.ask(callTool('none', {}, 7))]
    expect(hidden.error).toMatchObject({ code: -32602, message: 'Unknown tool: wipe' })
    expect(JSON.stringify(absent).replaceAll('none', 'wipe')).toBe(JSON.stringify(hidden))
    expect(hidden.error?.data?.['hint']).toContain('oauth_start')
    expect(bench.diary.started).toBe(0)
    await bench.signIn('bob')
    expect((await bench.ask(callTool('wipe'))).error).toEqual({ code: -32602, message: 'Unknown tool: wipe' })
    expect(await text('read')).toContain('rows')
  })

  const deep = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":${'['.repeat(70)}${']'.repeat(70)}}}`
  it.each<[string, unknown, number, unknown]>([
    ['text that is no JSON', 'hello?', -32700, null],
    ['JSON that breaks off', '{"jsonrpc":"2.0","id":1,', -32700, null],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), -32700, null],
    ['a batch', [call('ping')], -32600, null],
    ['an empty batch', [], -32600, null],
    ['a number', '5', -32600, null],
    ['null', 'null', -32600, null],
    ['another version of JSON-RPC', { jsonrpc: '1.0', id: 4, method: 'ping' }, -32600, 4],
    ['a request without a version', { id: 'x', method: 'ping' }, -32600, 'x'],
    ['the id null', { jsonrpc: '2.0', id: null, method: 'ping' }, -32600, null],
    ['a fraction for an id', { jsonrpc: '2.0', id: 1.5, method: 'ping' }, -32600, null],
    ['an object for an id', { jsonrpc: '2.0', id: {}, method: 'ping' }, -32600, null],
    ['a method that is no text', { jsonrpc: '2.0', id: 4, method: 5 }, -32600, 4],
    ['parameters that are a list', { jsonrpc: '2.0', id: 4, method: 'ping', params: [1] }, -32600, 4],
    ['a depth bomb', deep, -32600, null],
    ['depth without end', '['.repeat(200_000), -32600, null],
    ['a line of a megabyte and a byte', 'x'.repeat(megabyte + 1), -32600, null],
    ['a line of ten megabytes', 'x'.repeat(10_000_000), -32600, null],
    ['a method that is not there', call('resources/list', undefined, 4), -32601, 4],
    ['a method of a later protocol', call('server/discover', {}, 4), -32601, 4],
    ['a call without a name', call('tools/call', {}, 4), -32602, 4],
    ['arguments that are a list', call('tools/call', { name: 'hello', arguments: [] }, 4), -32602, 4],
    ['a cursor that nobody gave out', call('tools/list', { cursor: 'x' }, 4), -32602, 4],
    ['an unknown log level', call('logging/setLevel', { level: 'loud' }, 4), -32602, 4],
  ])('refuse %s, and go on', async (_name, message, code, id) => {
    const before = bench.lines.length
    bench.send(Array.isArray(message) ? JSON.stringify(message) : message)
    const refusal = await bench.next(({ error }) => error !== undefined, before)
    expect(refusal).toMatchObject({ jsonrpc: '2.0', id, error: { code, message: expect.any(String) } })
    expect(await text('hello')).toBe('pong')
    expect(bench.lines).toHaveLength(before + 2)
  })

  it('may be a megabyte long', async () => {
    const around = JSON.stringify(callTool('hello', { x: '' })).length
    const message = JSON.stringify(callTool('hello', { x: 'x'.repeat(megabyte - around) }))
    expect(message).toHaveLength(megabyte)
    const before = bench.lines.length
    bench.send(message)
    expect(await bench.next(({ id }) => id === 1, before)).toMatchObject({ result: { content: [{ text: 'pong' }] } })
  })

  it('may end in CRLF, stand between blank lines, and come in pieces', async () => {
    bench.input.write(`\n \t\r\n${JSON.stringify(callTool('hello', { é: '😀' }, 'crlf'))}\r\n\r\n`)
    expect(await bench.next(({ id }) => id === 'crlf')).toMatchObject({ result: { content: [{ text: 'pong' }] } })
    for (const byte of Buffer.from(`${JSON.stringify(callTool('hello', { é: '😀' }, 'bytes'))}\n`)) {
      bench.input.write(Uint8Array.of(byte))
    }
    expect(await bench.next(({ id }) => id === 'bytes')).toMatchObject({ result: { content: [{ text: 'pong' }] } })
    expect(bench.lines).toHaveLength(3)
  })

  it('without an id run nothing and are not answered', async () => {
    bench.send({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'hello', arguments: {} } })
    bench.send({ jsonrpc: '2.0', method: 'notifications/unheard-of' })
    bench.send({ jsonrpc: '2.0', id: 99, result: {} })
    bench.send({ jsonrpc: '2.0', id: 98, error: { code: 1, message: 'no' } })
    await bench.list()
    expect(bench.diary.started).toBe(0)
    expect(bench.lines).toHaveLength(2)
  })

  it('with an id that is in use are refused, and the first one is answered', async () => {
    await bench.signIn('alice')
    bench.send(callTool('wait', {}, 'twice'))
    expect(await bench.ask(callTool('hello', {}, 'twice'))).toMatchObject({
      id: 'twice',
      error: { code: -32600, message: expect.stringContaining('id') },
    })
    const before = bench.lines.length
    bench.diary.release()
    expect(await bench.next(({ id }) => id === 'twice', before)).toMatchObject({
      result: { content: [{ text: 'waited' }] },
    })
    expect(await bench.ask(callTool('hello', {}, 'twice'))).toMatchObject({ result: { content: [{ text: 'pong' }] } })
  })

  it('tell the ids 1 and "1" apart', async () => {
    await bench.signIn('alice')
    bench.send(callTool('wait', {}, 1))
    expect(await bench.ask(callTool('hello', {}, '1'))).toMatchObject({ result: { content: [{ text: 'pong' }] } })
    bench.diary.release()
    expect(await bench.next(({ id }) => id === 1)).toMatchObject({ result: { content: [{ text: 'waited' }] } })
  })

  it('are one line each, whatever is in them', async () => {
    await bench.signIn('alice')
    expect(await text('echo', { nonce: 'one\ntwo\r\u2028\u2029\u0000' })).toContain('one\\ntwo')
    await bench.ask(callTool('fail'))
    await bench.ask(callTool('bigint'))
    await bench.ask(call('tools/call', { name: 'no\nsuch', arguments: {} }))
    expect(bench.messages).toEqual(bench.messages.map(() => expect.objectContaining({ jsonrpc: '2.0' })))
  })

  it('never tell why a tool failed', async () => {
    await bench.signIn('alice')
    const { result } = await bench.ask(callTool('fail'))
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/^Tool failed \(ref /) }] })
    expect(bench.lines.join('\n')).not.toContain('hunter2')
  })
})
