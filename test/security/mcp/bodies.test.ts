import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { call, callTool, McpHarness } from '../../support/mcp-harness.js'
import { sendRaw, statusesOf } from '../../support/raw-http.js'

let harness: McpHarness

beforeAll(async () => {
  harness = await McpHarness.start({ sessions: 'stateless' })
})

afterAll(() => harness.close())

function nested(depth: number, opening = '[', closing = ']'): string {
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":${opening.repeat(depth)}${closing.repeat(depth)}}}}`
}

describe('depth', () => {
  it('takes 64 levels', async () => {
    const answer = await harness.send({ body: nested(61) })
    expect([answer.status, harness.diary.started]).toEqual([200, 1])
  })

  it.each([62, 100, 1_000, 10_000, 100_000, 500_000])(
    'refuses %d more levels before they are parsed',
    async (depth) => {
      const started = harness.diary.started
      for (const body of [
        nested(depth),
        '['.repeat(depth + 3),
        nested(Math.min(depth, 100_000), '{"a":', '}').replace('}}', '1}}'),
      ]) {
        const answer = await harness.send({ body })
        expect([answer.status, answer.messages[0]?.error?.code]).toEqual([400, -32600])
      }
      expect(harness.diary.started).toBe(started)
      expect((await harness.send({ body: call('ping') })).status).toBe(200)
    },
  )

  it('refuses a million levels by their size', async () => {
    expect((await harness.send({ body: nested(1_000_000) })).status).toBe(413)
  })

  it('does not count what is inside strings', async () => {
    const answer = await harness.send({ body: callTool('echo', { a: `${'[{"'.repeat(500)}\\"[` }) })
    expect(answer.status).toBe(200)
  })
})

describe('size', () => {
  it('takes a message of 1 MiB and not one byte more', async () => {
    const frame = JSON.stringify(callTool('hello', { fill: '' }))
    const fill = 'x'.repeat(1_048_576 - frame.length)
    const exact = JSON.stringify(callTool('hello', { fill }))
    expect((await harness.send({ body: exact })).status).toBe(200)
    const started = harness.diary.started
    const more = await harness.send({ body: `${exact} ` })
    expect([more.status, more.headers.connection]).toEqual([413, 'close'])
    const chunked = { 'transfer-encoding': 'chunked', 'content-length': undefined }
    expect((await harness.send({ body: `${exact} `, headers: chunked })).status).toBe(413)
    expect((await harness.send({ body: exact, headers: chunked })).status).toBe(200)
    expect(harness.diary.started).toBe(started + 1)
  })

  it('does not read a body before the token is good', async () => {
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${harness.port}\r\nContent-Type: application/json\r\n`
    expect(statusesOf(await sendRaw(harness.port, `${head}Content-Length: 100000000\r\n\r\n{`))).toEqual([401])
    const authorized = `${head}Authorization: Bearer alice\r\nContent-Length: 100000000\r\n\r\n{`
    expect(statusesOf(await sendRaw(harness.port, authorized))).toEqual([413])
  })

  it.each(['with a length', 'in chunks'])('stays small while 50 clients send 100 MB each, %s', async (how) => {
    const before = process.memoryUsage().rss
    let peak = before
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 5)
    const statuses = await Promise.all(Array.from({ length: 50 }, () => flood(harness.port, how === 'in chunks')))
    clearInterval(watch)
    const grown = Math.round((peak - before) / 1_048_576)
    process.stdout.write(`50 bodies of 100 MB ${how}: ${grown} MB more\n`)
    expect(new Set(statuses)).toEqual(new Set([413]))
    expect(grown).toBeLessThan(80)
    expect((await harness.send({ body: call('ping') })).status).toBe(200)
  })
})

/** Sends 100 MB unless it is stopped, and answers with the status. */
function flood(port: number, chunked: boolean): Promise<number> {
  const block = Buffer.alloc(65_536, 0x20)
  const framed = chunked ? Buffer.concat([Buffer.from('10000\r\n'), block, Buffer.from('\r\n')]) : block
  const length = chunked ? 'Transfer-Encoding: chunked' : 'Content-Length: 104857600'
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    let left = 1_600
    const feed = (): void => {
      while (left > 0 && !socket.destroyed) {
        left -= 1
        if (!socket.write(framed)) return
      }
    }
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(statusesOf(text)[0] ?? 0))
    socket.on('drain', feed)
    const head = [`Host: 127.0.0.1:${port}`, 'Authorization: Bearer alice', 'Content-Type: application/json', length]
    socket.write(`POST /mcp HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`, feed)
  })
}

describe('text that is not one JSON-RPC message', () => {
  it.each([
    ['nothing', '', 400, -32700],
    ['no JSON', '{', 400, -32700],
    ['a trailing comma', '{"jsonrpc":"2.0","id":1,"method":"ping",}', 400, -32700],
    ['a comment', '{"jsonrpc":"2.0","id":1,"method":"ping"}//', 400, -32700],
    ['NaN', '{"jsonrpc":"2.0","id":NaN,"method":"ping"}', 400, -32700],
    ['two values', '{"jsonrpc":"2.0","id":1,"method":"ping"}{}', 400, -32700],
    ['single quotes', "{'jsonrpc':'2.0'}", 400, -32700],
    ['a byte order mark', '\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}', 400, -32700],
    ['a control character in a string', '{"jsonrpc":"2.0","id":"\u0001","method":"ping"}', 400, -32700],
    ['UTF-16', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}', 'utf16le'), 400, -32700],
    ['invalid UTF-8', Buffer.from('7b22226a3a22ff227d', 'hex'), 400, -32700],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 400, -32700],
    ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 400, -32700],
    ['null', 'null', 400, -32700],
    ['a number', '1', 400, -32700],
    ['a string', '"ping"', 400, -32700],
    ['an empty object', '{}', 400, -32700],
    ['an empty batch', '[]', 400, -32600],
    ['a batch', `[${JSON.stringify(callTool('echo'))}]`, 400, -32600],
    [
      'a batch of 10,000',
      `[${Array.from({ length: 10_000 }, () => '{"jsonrpc":"2.0","id":1,"method":"ping"}').join(',')}]`,
      400,
      -32600,
    ],
    ['an id that is null', JSON.stringify({ ...callTool('echo'), id: null }), 400, -32700],
    ['an id that is an object', JSON.stringify({ ...callTool('echo'), id: {} }), 400, -32700],
    ['an id that is a fraction', JSON.stringify({ ...callTool('echo'), id: 1.5 }), 400, -32700],
    ['a large integer as id', '{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"}', 400, -32700],
    ['no version', JSON.stringify({ id: 1, method: 'ping' }), 400, -32700],
    ['version 1.0', JSON.stringify({ ...callTool('echo'), jsonrpc: '1.0' }), 400, -32700],
    ['a member too many', JSON.stringify({ ...callTool('echo'), extra: 1 }), 400, -32700],
    ['a method that is no string', JSON.stringify({ ...callTool('echo'), method: 7 }), 400, -32700],
    ['params that are an array', JSON.stringify({ ...callTool('echo'), params: [] }), 400, -32700],
    ['a method of the prototype', JSON.stringify(call('__proto__')), 200, -32601],
    ['another method of the prototype', JSON.stringify(call('constructor')), 200, -32601],
    ['a reserved method', JSON.stringify(call('rpc.discover')), 200, -32601],
    ['a tool of the prototype', JSON.stringify(callTool('__proto__')), 200, -32602],
    ['another tool of the prototype', JSON.stringify(callTool('toString')), 200, -32602],
  ] as [string, string | Buffer, number, number][])(
    'is answered, and runs nothing: %s',
    async (_what, body, status, code) => {
      const started = harness.diary.started
      const answer = await harness.send({ body })
      expect([answer.status, answer.messages[0]?.error?.code]).toEqual([status, code])
      expect(harness.diary.started).toBe(started)
    },
  )

  it('takes a very long id and gives it back', async () => {
    const id = 'i'.repeat(100_000)
    expect((await harness.send({ body: call('ping', undefined, id) })).messages[0]).toEqual({
      jsonrpc: '2.0',
      id,
      result: {},
    })
  })
})

describe('JSON that parsers read differently', () => {
  it('is decided and run by the last of equal members, once', async () => {
    const body =
      '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"hello","name":"wipe","arguments":{}}}'
    const started = harness.diary.started
    const hidden = await harness.send({ token: 'bob', body })
    expect(hidden.messages[0]?.error?.message).toBe('Unknown tool: wipe')
    expect(harness.diary.started).toBe(started)
    expect((await harness.send({ token: 'alice', body })).messages[0]?.result).toBeDefined()
    expect(harness.diary.started).toBe(started + 1)
  })

  it('pollutes no prototype', async () => {
    const poison = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
    for (const params of [poison, `{"name":"echo","arguments":${poison}}`, `{"name":"echo","_meta":${poison}}`]) {
      await harness.send({
        body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params},"__proto__":{"polluted":1}}`,
      })
      await harness.send({ body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}` })
    }
    expect('polluted' in {}).toBe(false)
  })
})
