import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ann, eve, TenantBench, type McpRequest } from '../../support/tenant-bench.js'

let bench: TenantBench
beforeAll(async () => {
  bench = await TenantBench.open()
}, 60_000)
afterAll(() => bench?.close())

const list: McpRequest = { method: 'tools/list', params: {} }
const callOf = (name: string, args: object = {}): McpRequest => ({ params: { name, arguments: args } })

describe('an answer to a caller', () => {
  it.each<[string, () => string | undefined, McpRequest, number]>([
    ['a list', () => bench.tokenOf(ann), list, 200],
    ['a call', () => bench.tokenOf(ann), callOf('who_am_i'), 200],
    ['a failure of a call', () => bench.tokenOf(ann), callOf('note', { text: 7 }), 200],
    ['an unknown tool', () => bench.tokenOf(ann), callOf('absent'), 200],
    ['a hidden tool', () => bench.tokenOf(eve), callOf('note'), 200],
    ['an unknown method', () => bench.tokenOf(ann), { method: 'tenants/list' }, 200],
    [
      'a protocol version that does not exist',
      () => bench.tokenOf(ann),
      { headers: { 'mcp-protocol-version': 'x' } },
      400,
    ],
    ['no token', () => undefined, list, 401],
    ['a token that is none', () => 'token', list, 401],
    ['a tenant that is none', () => bench.forged({ tenant_id: 'absent' }), list, 403],
    ['an account that is none', () => bench.forged({ sub: '00000000-0000-4000-8000-000000000000' }), list, 401],
    ['a foreign origin', () => bench.tokenOf(ann), { headers: { origin: 'https://evil.example' } }, 403],
  ])('may be kept by nobody, and differs by token: %s', async (_what, token, request, status) => {
    const answer = await bench.send(token(), request)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('vary')?.split(', ')).toContain('Authorization')
    expect(answer.headers.get('etag')).toBeNull()
    expect(answer.headers.get('last-modified')).toBeNull()
  })

  it('may be kept by nobody where there is nothing, which is so for everybody', async () => {
    const answer = await bench.send(bench.tokenOf(ann), { suffix: '/absent' })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([404, 'no-store'])
  })

  it('is told apart from that to another, asked for in the same bytes', async () => {
    const asked = [ann, eve, ann, eve, ann, eve].map((email) => bench.send(bench.tokenOf(email), list))
    const named = (await Promise.all(asked)).map(({ text }) => text.includes('"note"'))
    expect(named).toEqual([true, false, true, false, true, false])
  })
})

describe('a session that does not exist', () => {
  it('is refused with an answer that nobody may keep', async () => {
    const stateful = await bench.send(bench.tokenOf(ann), { headers: { 'mcp-session-id': 'x'.repeat(43) } })
    expect(stateful.headers.get('cache-control')).toBe('no-store')
    expect(stateful.headers.get('vary')?.split(', ')).toContain('Authorization')
  })
})
