import type { Sent } from './mcp-harness.js'
import type { Random } from './random.js'

/** A request whose session is a slot, because two edges give out different ids. */
export interface RandomRequest extends Omit<Sent, 'session'> {
  readonly slot: string | undefined
}

const usual = { id: [1, 'a', 0, -7, '', 'ünï', 9_007_199_254_740_991], token: ['alice', 'bob', 'carol', 'dave'] }
const oddIds = [null, 1.5, true, {}, [], 1e300, undefined] as const
const methods = ['tools/call', 'tools/call', 'tools/call', 'tools/list', 'tools/list', 'ping'] as const
const oddMethods = [
  'initialize',
  'logging/setLevel',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'resources/list',
  'prompts/get',
  'tasks/get',
  'completion/complete',
  'server/discover',
  '__proto__',
  'constructor',
  'tools/lists',
  'Tools/List',
  '',
  7,
  null,
  {},
] as const
const signInNames = ['sign_in', 'sign_in', 'sign_out', 'who'] as const
const users = [{ as: 'alice' }, { as: 'bob' }, { as: 'carol' }, { as: 'mallory' }] as const
const names = ['hello', 'echo', 'read', 'steps', 'chatty', 'refuse', 'fail', 'ask', 'bigint', 'raise'] as const
const oddNames = ['wipe', 'absent', '', 'Echo', '__proto__', 'constructor', 'toString', 'é\u0000', 7, null, {}] as const
const argumentSets = [
  {},
  { nonce: 'x' },
  { count: 2 },
  { deep: { a: [1, { b: null }] } },
  { ключ: '\ud83d\ude00' },
] as const
const oddArguments = [
  undefined,
  null,
  [],
  'text',
  7,
  JSON.parse('{"__proto__":{"polluted":true},"x":1}'),
  JSON.parse('{"constructor":{"prototype":{"polluted":true}},"hasOwnProperty":1,"toString":"x"}'),
] as const
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const metas = [
  { progressToken: 'p' },
  { progressToken: 0 },
  { progressToken: '' },
  {},
  { traceparent, tracestate: 'a=b', baggage: 'c=d' },
] as const
const oddMetas = [
  { progressToken: 1.5 },
  { progressToken: null },
  { progressToken: {} },
  { trace: 'x' },
  { progressToken: 1, trace: 'x' },
  { progressToken: 1, traceparent: 7, tracestate: null, baggage: {} },
  { 'io.modelcontextprotocol/related-task': { taskId: 't' } },
  { 'io.modelcontextprotocol/related-task': 7 },
  null,
  [],
  'x',
  JSON.parse('{"__proto__":1}'),
] as const
const accepts = [
  undefined,
  '*/*',
  'application/json',
  'text/event-stream',
  'text/event-stream;q=0.5, application/json',
] as const
const types = [
  'application/json; charset=utf-8',
  'application/json;charset=latin1',
  'APPLICATION/JSON',
  'text/plain',
] as const
const versions = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2026-07-28',
  '1999-01-01',
  '',
  'x, y',
] as const
const raws = [
  '',
  '{',
  'null',
  '7',
  '"ping"',
  '[]',
  '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
  '{}',
  '{"jsonrpc":"2.0"}',
] as const
const oddMembers = [
  { extra: 1 },
  { result: {} },
  { error: { code: 1, message: 'x' } },
  { jsonrpc: '1.0' },
  { jsonrpc: 2 },
  { jsonrpc: undefined },
] as const

/** Whether callers bring tokens only, or sign in with tools, too. */
export type RandomLogin = 'oauth' | 'tools'

/** One request: most are good, and most of the rest are wrong in one place only. The first word of a slot is whose it is. */
export function randomRequest(random: Random, slots: readonly string[], login: RandomLogin = 'oauth'): RandomRequest {
  const token = login === 'tools' && random.chance(0.3) ? null : random.pick(usual.token)
  const slot = slots.length === 0 || random.chance(0.03) ? undefined : random.pick(slots)
  const headers = randomHeaders(random)
  // Someone else's session must be as unknown to one way as to the other.
  const owner = slot?.startsWith('nobody') === true ? null : (slot?.split(' ')[0] ?? token)
  const sent = { token: random.chance(0.95) ? owner : token, slot, headers }
  if (random.chance(0.01)) return { ...sent, method: random.pick(['PUT', 'PATCH', 'HEAD', 'OPTIONS']) }
  if (random.chance(0.03)) return { ...sent, body: random.pick(raws) }
  if (login === 'tools' && random.chance(0.1)) return { ...sent, body: randomSignIn(random) }
  return { ...sent, body: randomMessage(random) }
}

function randomSignIn(random: Random): object {
  const name = random.pick(signInNames)
  const meta = random.chance(0.3) ? { _meta: random.at(metas) } : {}
  const params = { name, arguments: name === 'sign_in' ? random.pick(users) : {}, ...meta }
  return { jsonrpc: '2.0', id: random.pick(usual.id), method: 'tools/call', params }
}

function randomMessage(random: Random): object {
  const method = odd(random, methods, oddMethods, 0.12)
  const message: Record<string, unknown> = { jsonrpc: '2.0', id: odd(random, usual.id, oddIds, 0.04), method }
  const params = random.chance(0.03) ? random.pick([null, [], 'x', 7]) : randomParams(random, method)
  if (params !== undefined) message['params'] = params
  if (random.chance(0.03)) Object.assign(message, random.pick(oddMembers))
  if (random.chance(0.2)) return Object.fromEntries(Object.entries(message).reverse())
  return message
}

function randomParams(random: Random, method: unknown): Record<string, unknown> | undefined {
  const params: Record<string, unknown> = {}
  if (method === 'tools/call') {
    params['name'] = odd(random, names, oddNames, 0.15)
    params['arguments'] = odd(random, argumentSets, oddArguments, 0.1)
    if (params['arguments'] === undefined) delete params['arguments']
  } else if (random.chance(0.4)) return undefined
  if (method === 'initialize')
    Object.assign(params, { protocolVersion: random.pick(versions), capabilities: {}, clientInfo: client })
  if (method === 'logging/setLevel') params['level'] = random.pick(['debug', 'error', 'loud', 7])
  if (method === 'notifications/cancelled') params['requestId'] = random.pick([1, 'a', null])
  if (random.chance(0.25)) params['_meta'] = odd(random, metas, oddMetas, 0.25)
  if (random.chance(0.05))
    params[random.pick(['cursor', 'task', 'extra', 'constructor'])] = random.pick(['x', {}, null, { ttl: 1 }])
  return params
}

const client = { name: 'random', version: '1' }

function randomHeaders(random: Random): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {}
  if (random.chance(0.05)) headers['accept'] = random.at(accepts)
  if (random.chance(0.05)) headers['content-type'] = random.pick(types)
  if (random.chance(0.3)) headers['mcp-protocol-version'] = odd(random, ['2025-11-25'], versions, 0.3)
  if (random.chance(0.03)) headers['mcp-method'] = random.pick(['tools/list', 'ping'])
  if (random.chance(0.03)) headers['mcp-name'] = random.pick(['echo', 'wipe'])
  if (random.chance(0.03)) headers['last-event-id'] = '1'
  if (random.chance(0.03)) headers['origin'] = random.pick(['http://localhost:1234', 'https://evil.test'])
  return headers
}

function odd<Item, Odd>(
  random: Random,
  items: readonly Item[],
  odds: readonly Odd[],
  probability: number,
): Item | Odd | undefined {
  return random.chance(probability) ? random.at(odds) : random.at(items)
}
