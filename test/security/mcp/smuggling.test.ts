import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { callTool, McpHarness } from '../../support/mcp-harness.js'
import { sendRaw, statusesOf } from '../../support/raw-http.js'

let harness: McpHarness

beforeAll(async () => {
  harness = await McpHarness.start({ sessions: 'stateless' })
})

afterAll(() => harness.close())

const body = JSON.stringify(callTool('echo', { nonce: 'n' }))
const length = Buffer.byteLength(body)
const chunked = `${length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

function request(headers: readonly string[], payload = body, line = 'POST /mcp HTTP/1.1'): string {
  const usual = [`Host: 127.0.0.1:${harness.port}`, 'Content-Type: application/json']
  const accept = 'Accept: application/json, text/event-stream'
  return [line, ...usual, accept, ...headers, '', ''].join('\r\n') + payload
}

const bearer = 'Authorization: Bearer alice'
const sized = `Content-Length: ${length}`

/** Each of these is one request of a client that means no harm. */
const good: [string, () => string][] = [
  ['with a length', () => request([bearer, sized])],
  ['in chunks', () => request([bearer, 'Transfer-Encoding: chunked'], chunked)],
  [
    'in chunks with an extension',
    () => request([bearer, 'Transfer-Encoding: chunked'], chunked.replace('\r\n', ';a=b\r\n')),
  ],
  ['with a scheme in capitals', () => request(['Authorization: BEARER alice', sized])],
  ['with a query', () => request([bearer, sized], body, 'POST /mcp?x=1 HTTP/1.1')],
]

/** None of these may run anything. */
const bad: [string, () => string][] = [
  ['length and chunks', () => request([bearer, sized, 'Transfer-Encoding: chunked'], chunked)],
  ['chunks and length', () => request([bearer, 'Transfer-Encoding: chunked', sized], chunked)],
  ['two lengths', () => request([bearer, sized, 'Content-Length: 0'])],
  ['two equal lengths', () => request([bearer, sized, sized])],
  ['a list of lengths', () => request([bearer, `Content-Length: ${length}, ${length}`])],
  ['a signed length', () => request([bearer, `Content-Length: +${length}`])],
  ['a hexadecimal length', () => request([bearer, `Content-Length: 0x${length.toString(16)}`])],
  ['a negative length', () => request([bearer, 'Content-Length: -1'])],
  ['a space before the colon of the length', () => request([bearer, `Content-Length : ${length}`])],
  ['a space before the colon of the coding', () => request([bearer, 'Transfer-Encoding : chunked'], chunked)],
  ['an unknown coding', () => request([bearer, 'Transfer-Encoding: xchunked'], chunked)],
  ['chunked not last', () => request([bearer, 'Transfer-Encoding: chunked, identity'], chunked)],
  [
    'two codings, the second obscure',
    () => request([bearer, 'Transfer-Encoding: chunked', 'Transfer-Encoding: x'], chunked),
  ],
  ['a vertical tab in the coding', () => request([bearer, 'Transfer-Encoding: \u000bchunked'], chunked)],
  ['a folded header', () => request([bearer, 'Transfer-Encoding:\r\n chunked', sized], chunked)],
  ['bare line feeds', () => request([bearer, sized]).replaceAll('\r\n', '\n')],
  ['a bare line feed between headers', () => request([`${bearer}\nContent-Length: 0`, sized])],
  ['a bare carriage return in a header', () => request([bearer, sized, 'X-A: b\rX-B: c'])],
  ['a NUL in a header', () => request([bearer, sized, 'X-A: \u0000'])],
  ['a chunk size that is none', () => request([bearer, 'Transfer-Encoding: chunked'], `zz\r\n${body}\r\n0\r\n\r\n`)],
  ['a chunk longer than it says', () => request([bearer, 'Transfer-Encoding: chunked'], `3\r\n${body}\r\n0\r\n\r\n`)],
  [
    'a chunk ended by a bare line feed',
    () => request([bearer, 'Transfer-Encoding: chunked'], `${length.toString(16)}\n${body}\r\n0\r\n\r\n`),
  ],
  [
    'an overflowing chunk size',
    () => request([bearer, 'Transfer-Encoding: chunked'], `fffffffffffffffff\r\n${body}\r\n0\r\n\r\n`),
  ],
  ['two tokens', () => request([bearer, 'Authorization: Bearer bob', sized])],
  ['the same token twice', () => request([bearer, bearer, sized])],
  ['two tokens in other spelling', () => request([bearer, 'AUTHORIZATION: Bearer bob', sized])],
  ['two tokens in one header', () => request(['Authorization: Bearer alice, Bearer bob', sized])],
  ['a token in a folded header', () => request(['Authorization:\r\n Bearer alice', sized])],
  ['two sessions', () => request([bearer, sized, 'Mcp-Session-Id: a', 'Mcp-Session-Id: b'])],
  ['two hosts', () => request([bearer, sized, 'Host: evil.test'])],
  ['two origins', () => request([bearer, sized, 'Origin: http://localhost', 'Origin: https://evil.test'])],
  [
    'two protocol versions',
    () => request([bearer, sized, 'Mcp-Protocol-Version: 2025-11-25', 'Mcp-Protocol-Version: 2025-06-18']),
  ],
  ['two content types', () => request([bearer, sized, 'Content-Type: text/plain'])],
  ['an absolute target', () => request([bearer, sized], body, 'POST http://evil.test/mcp HTTP/1.1')],
  ['a target of another scheme', () => request([bearer, sized], body, 'POST file:///mcp HTTP/1.1')],
  ['an unknown HTTP version', () => request([bearer, sized], body, 'POST /mcp HTTP/9.9')],
  ['a method in lower case', () => request([bearer, sized], body, 'post /mcp HTTP/1.1')],
  ['a header without name', () => request([bearer, sized, ': x'])],
  ['a header name with a space', () => request([bearer, sized, 'Content Length: 0'])],
  ['a token behind a parameter', () => request([sized], body, 'POST /mcp?access_token=alice HTTP/1.1')],
]

describe('over raw sockets', () => {
  it.each(good)('runs a request %s, once', async (_what, bytes) => {
    const before = harness.diary.started
    expect(statusesOf(await sendRaw(harness.port, bytes()))).toEqual([200])
    expect(harness.diary.started - before).toBe(1)
  })

  it.each(bad)('runs nothing on %s', async (_what, bytes) => {
    const before = harness.diary.started
    const statuses = statusesOf(await sendRaw(harness.port, bytes()))
    expect(harness.diary.started - before).toBe(0)
    expect(statuses.every((status) => status >= 400)).toBe(true)
  })

  it('has enough of them', () => {
    expect(bad.length).toBeGreaterThanOrEqual(40)
  })

  it('answers pipelined requests each for itself', async () => {
    const before = harness.diary.started
    const evil = request([sized]).replace('POST /mcp', 'POST /mcp/oauth')
    const text = await sendRaw(harness.port, request([bearer, sized]) + evil + request([bearer, sized]))
    expect(statusesOf(text)).toEqual([200, 401, 200])
    expect(harness.diary.started - before).toBe(2)
  })
})
