import { afterEach, describe, expect, it } from '@jest/globals'
import type { Operation } from '../../../src/core/operation/operation.js'
import { joinRequirements } from '../../../src/core/permission/requirement/requirement.js'
import {
  call,
  callTool,
  initialize,
  McpHarness,
  type HarnessOptions,
  type Received,
} from '../../support/mcp-harness.js'
import { operation, role, scope } from '../../support/mcp-operations.js'

const reference = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

let edge: McpHarness
let ran = 0

const sketch = (name: string, requirement: ReturnType<typeof scope>, elevatable = true): Operation =>
  operation(name, { requirement, elevatable, run: () => `${name} ${String((ran += 1))}` })

const operations: readonly Operation[] = [
  sketch('open', joinRequirements()),
  sketch('pay', scope('pay')),
  sketch('pay_both', joinRequirements(scope('pay'), scope('vault'))),
  sketch('pay_as_owner', joinRequirements(role('owner'), scope('pay'))),
  sketch('launch', scope('launch')),
  sketch('whisper', scope('pay'), false),
]

/** Dora is granted a lot; what her token says is up to each test. */
async function start(options: HarnessOptions = {}): Promise<void> {
  ran = 0
  edge = await McpHarness.start({ operations, ...options })
  edge.people.set('dora', { roles: ['admin'], scopes: ['mcp', 'read', 'pay', 'vault'] })
  edge.people.narrow('dora+low', ['mcp', 'read'])
}

afterEach(() => edge.close())

const ways = [
  ['the hot path, with sessions', { hot: 'on', sessions: 'stateful' }],
  ['the SDK, with sessions', { hot: 'off', sessions: 'stateful' }],
  ['the hot path, without sessions', { hot: 'on', sessions: 'stateless' }],
  ['the SDK, without sessions', { hot: 'off', sessions: 'stateless' }],
] as const satisfies readonly (readonly [string, HarnessOptions])[]

async function callAs(token: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Received> {
  const opened = await edge.send({ token, body: initialize() })
  const session = opened.headers['mcp-session-id']
  return edge.send({ token, session: typeof session === 'string' ? session : undefined, body, headers })
}

function challenge(answer: Received): string {
  return String(answer.headers['www-authenticate'])
}

describe.each(ways)('a call that lacks a scope, by %s', (_way, options) => {
  it('is answered with 403 and one challenge that names what the token has and what it lacks', async () => {
    await start(options)
    const answer = await callAs('dora+low', callTool('pay'))
    expect(answer.status).toBe(403)
    expect(challenge(answer)).toBe(
      'Bearer error="insufficient_scope", error_description="The access token lacks scopes that this operation needs", ' +
        `resource_metadata="${edge.origin}/.well-known/oauth-protected-resource/mcp", scope="pay mcp read"`,
    )
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.messages[0]).toMatchObject({ id: 1, error: { code: -32000, data: { code: 'INSUFFICIENT_SCOPE' } } })
    expect(ran).toBe(0)
  })

  it('names every scope that is missing at once', async () => {
    await start(options)
    expect(challenge(await callAs('dora+low', callTool('pay_both')))).toContain('scope="pay vault mcp read"')
  })

  it('is answered in the same way where progress would be streamed', async () => {
    await start(options)
    const params = { name: 'pay', arguments: {}, _meta: { progressToken: 'p' } }
    expect(await callAs('dora+low', call('tools/call', params))).toMatchObject({ status: 403 })
  })

  it('is on record, with what was missing, under the reference that the caller is told', async () => {
    await start(options)
    const answer = await callAs('dora+low', callTool('pay_both'))
    expect(edge.audit.counted).toEqual([
      expect.objectContaining({
        ...{ type: 'operation.denied', operation: 'pay_both', reason: 'insufficient_scope', subject: 'dora' },
        requestId: answer.messages[0]?.error?.data?.['ref'],
        detail: { missing: ['scopes:pay', 'scopes:vault'] },
      }),
    ])
  })

  it('is answered in the same way while nothing can be recorded: nobody waits for the row of a denial', async () => {
    await start(options)
    edge.audit.down = true
    expect(await callAs('dora+low', callTool('pay'))).toMatchObject({ status: 403 })
    expect(edge.audit.counted).toMatchObject([{ type: 'operation.denied', reason: 'insufficient_scope' }])
  })

  it('goes through with a token that has the scope', async () => {
    await start(options)
    const answer = await callAs('dora', callTool('pay'))
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.text).toContain('pay 1')
  })

  it.each([
    ['lacks a role as well', 'pay_as_owner'],
    ['lacks a scope that the database does not grant', 'launch'],
    ['lacks the scope of an operation that is not elevatable', 'whisper'],
  ])('is answered, where the caller %s, byte for byte as one of an absent tool', async (_what, name) => {
    await start(options)
    const hidden = await callAs('dora+low', callTool(name))
    const absent = await callAs('dora+low', callTool('x'.repeat(name.length)))
    const look = ({ rawHeaders, status, text }: Received, own: string): unknown => [
      status,
      text.replaceAll(own, '*').replace(reference, 'REF'),
      rawHeaders.map((value, at) => (/^(?:date|mcp-session-id)$/i.test(rawHeaders[at - 1] ?? '') ? '' : value)),
    ]
    expect(hidden.text).toContain(`Unknown tool: ${name}`)
    expect(look(hidden, name)).toEqual(look(absent, 'x'.repeat(name.length)))
    expect(ran).toBe(0)
  })

  it('is judged by its body, whatever its headers say of it', async () => {
    await start(options)
    const [other, own] = [{ 'mcp-method': 'tools/call', 'mcp-name': 'pay' }, { 'mcp-name': 'open' }]
    expect(await callAs('dora+low', callTool('open'), other)).toMatchObject({ status: 200 })
    expect(await callAs('dora+low', callTool('pay'), own)).toMatchObject({ status: 403 })
  })

  it('is of a tool that is listed, beside those that may be used', async () => {
    await start(options)
    const listed = async (token: string): Promise<unknown> => {
      const answer = await callAs(token, call('tools/list'))
      const tools = answer.messages[0]?.result?.['tools']
      return Array.isArray(tools) ? tools.map(({ name }: { readonly name: string }) => name) : tools
    }
    expect(await listed('dora+low')).toEqual(['open', 'pay', 'pay_both'])
    edge.people.set('erin', { scopes: ['mcp', 'read'] })
    expect(await listed('erin')).toEqual(['open'])
    edge.people.set('erin', { scopes: ['mcp', 'read', 'pay'] })
    edge.people.narrow('erin', ['mcp', 'read'])
    expect(await listed('erin')).toEqual(['open', 'pay'])
  })
})

describe('a challenge', () => {
  it('never asks for a refresh token, nor for what is no scope', async () => {
    await start()
    edge.people.narrow('dora+odd', ['mcp', 'offline_access', 'a"b', 'c\\d', 'e f', 'ö'])
    expect(challenge(await callAs('dora+odd', callTool('pay')))).toMatch(/scope="pay mcp"$/)
  })

  it('names what is missing even where the token has more scopes of the operation than fit into a header', async () => {
    const long = Array.from({ length: 90 }, (_, at) => `a-scope-of-one-operation-${at}`)
    const demanding = sketch('demanding', joinRequirements(...long.map((name) => scope(name)), scope('pay')))
    await start({ operations: [demanding] })
    edge.people.set('dora', { scopes: [...long, 'pay'] })
    edge.people.narrow('dora+long', long)
    const value = challenge(await callAs('dora+long', callTool('demanding')))
    expect(value).toContain('scope="pay a-scope-of-one-operation-0 ')
    expect(value.length).toBeLessThan(2_500)
  })

  it('names the scopes of the operation first, and no more than fit into a header', async () => {
    await start()
    const many = Array.from({ length: 500 }, (_, at) => `scope-number-${at}-of-a-long-list`)
    edge.people.narrow('dora+many', [...many, 'vault'])
    const value = challenge(await callAs('dora+many', callTool('pay_both')))
    expect(value).toContain('scope="pay vault scope-number-0-of-a-long-list ')
    expect(value.length).toBeLessThan(2_500)
    expect(value.length).toBeGreaterThan(2_000)
  })

  it('is read whole by a browser of an allowed origin', async () => {
    await start()
    const answer = await callAs('dora+low', callTool('pay'), { origin: edge.origin })
    expect(answer.status).toBe(403)
    expect(answer.headers['access-control-allow-origin']).toBe(edge.origin)
    expect(answer.headers['access-control-expose-headers']).toMatch(/WWW-Authenticate/i)
  })

  it('is of the path that was called', async () => {
    await start()
    const opened = await edge.send({ token: 'dora+low', path: '/mcp/oauth', body: initialize() })
    const session = String(opened.headers['mcp-session-id'])
    const answer = await edge.send({ token: 'dora+low', path: '/mcp/oauth', session, body: callTool('pay') })
    expect(challenge(answer)).toContain(`${edge.origin}/.well-known/oauth-protected-resource/mcp/oauth"`)
  })
})

describe('nobody steps up', () => {
  it('who signed in with the five tools: the tool is hidden', async () => {
    edge = await McpHarness.start({ login: 'tools' })
    edge.people.set('dora', { scopes: ['read', 'raise'] })
    const session = await edge.openAs('dora')
    expect(await edge.list({ token: null, session })).not.toContain('raise')
    const answer = await edge.send({ token: null, session, body: callTool('raise') })
    expect(answer.messages[0]?.error).toMatchObject({ code: -32602, message: 'Unknown tool: raise' })
    expect(answer.headers['www-authenticate']).toBeUndefined()
    edge.people.narrow('dora', ['read'])
    expect(await callAs('dora', callTool('raise'))).toMatchObject({ status: 403 })
  })

  it('without an answer: a notification is no call', async () => {
    await start()
    const { id: _, ...notification } = { ...callTool('pay') } as { readonly id?: unknown }
    expect(await callAs('dora+low', notification)).toMatchObject({ status: 202, text: '' })
    expect(edge.audit.events).toEqual([])
  })

  it('who lost the account meanwhile', async () => {
    await start()
    edge.people.disable('dora')
    expect(await edge.send({ token: 'dora+low', body: callTool('pay') })).toMatchObject({ status: 401 })
  })
})
