import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { call, callTool, initialize, McpHarness, type Sent } from '../../support/mcp-harness.js'

let harness: McpHarness

beforeAll(async () => {
  harness = await McpHarness.start({ sessions: 'stateless' })
})

afterAll(() => harness.close())

const metadata = (path = '/mcp'): string => `${harness.origin}/.well-known/oauth-protected-resource${path}`
const description = (path = '/mcp'): string =>
  `The access token is invalid, has expired, or is not for ${harness.origin}${path}`
const invalid = (path?: string): string => `error="invalid_token", error_description="${description(path)}"`

describe('without a token', () => {
  it.each([
    ['initialize', { body: initialize() }],
    ['a list', { body: call('tools/list') }],
    ['a public tool', { body: callTool('hello') }],
    ['a method that does not exist', { body: call('server/discover') }],
    ['no JSON at all', { body: '{' }],
    ['GET', { method: 'GET' }],
    ['DELETE', { method: 'DELETE' }],
    ['PUT', { method: 'PUT' }],
    ['HEAD', { method: 'HEAD' }],
    ['a token in the query', { path: '/mcp?access_token=alice', body: callTool('echo') }],
    ['a token in the body', { body: { ...callTool('echo'), access_token: 'alice' } }],
    ['another scheme', { body: callTool('echo'), headers: { authorization: 'Basic YWxpY2U6' } }],
    ['a scheme that begins alike', { body: callTool('echo'), headers: { authorization: 'Bearerx alice' } }],
    ['a cookie', { body: callTool('echo'), headers: { cookie: 'access_token=alice' } }],
    ['a token in another header', { body: callTool('echo'), headers: { 'x-access-token': 'alice' } }],
  ] as [string, Sent][])('challenges %s without naming an error', async (_what, sent) => {
    const before = harness.audit.counted.length
    const answer = await harness.send({ token: null, ...sent })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe(`Bearer resource_metadata="${metadata()}", scope="mcp read"`)
    expect(harness.audit.counted.slice(before)).toMatchObject([
      { type: 'token.refused', tenant: undefined, reason: 'ERR_TOKEN_MISSING' },
    ])
    expect(harness.diary.started).toBe(0)
  })
})

describe('a token that is no good', () => {
  it.each([
    ['expired', 'Bearer alice+expired', 'ERR_TOKEN_EXPIRED'],
    ['for another resource', 'Bearer alice+elsewhere', 'ERR_TOKEN_AUDIENCE'],
    ['of nobody', 'Bearer mallory', 'ERR_TOKEN_SIGNATURE'],
    ['empty', 'Bearer', 'ERR_TOKEN_MALFORMED'],
    ['blank', 'Bearer  ', 'ERR_TOKEN_MALFORMED'],
    ['two tokens', 'Bearer alice bob', 'ERR_TOKEN_MALFORMED'],
    ['a comma', 'Bearer alice,', 'ERR_TOKEN_MALFORMED'],
    ['quotes', 'Bearer "alice"', 'ERR_TOKEN_MALFORMED'],
    ['an equals sign in the middle', 'Bearer al=ice', 'ERR_TOKEN_MALFORMED'],
    ['a tab', 'Bearer\talice', 'ERR_TOKEN_MALFORMED'],
    ['Latin-1', 'Bearer alic\u00e9', 'ERR_TOKEN_MALFORMED'],
    ['17 KB', `Bearer ${'a'.repeat(17_000)}`, 'ERR_TOKEN_MALFORMED'],
  ])('is refused: %s', async (_what, authorization, reason) => {
    const before = harness.audit.counted.length
    const started = harness.diary.started
    const answer = await harness.send({ token: null, body: callTool('echo'), headers: { authorization } })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer ${invalid()}, resource_metadata="${metadata()}", scope="mcp read"`,
    )
    expect(answer.messages).toEqual([{ error: 'invalid_token', error_description: description() }])
    expect(harness.audit.counted.slice(before)).toMatchObject([{ type: 'token.refused', reason }])
    expect(harness.diary.started).toBe(started)
  })

  it.each(['Bearer alice', 'bearer alice', 'BEARER   alice'])(
    'and a good one is taken from %j',
    async (authorization) => {
      const answer = await harness.send({ token: null, body: callTool('echo'), headers: { authorization } })
      expect(answer.status).toBe(200)
    },
  )

  it('names the metadata and scopes of the endpoint that was asked', async () => {
    const answer = await harness.send({ token: null, path: '/mcp/oauth', body: initialize() })
    expect(answer.headers['www-authenticate']).toBe(`Bearer resource_metadata="${metadata('/mcp/oauth')}", scope="mcp"`)
    const refused = await harness.send({ token: 'mallory', path: '/mcp/oauth', body: initialize() })
    expect(refused.headers['www-authenticate']).toContain(invalid('/mcp/oauth'))
  })
})

describe('a token that cannot be used', () => {
  it('answers 403 to a user of another tenant, without a challenge', async () => {
    const answer = await harness.send({ token: 'alice+stranger', body: callTool('echo') })
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.messages[0]).toMatchObject({ error: 'access_denied' })
  })

  it('leaves on record who was refused with 403, and tells the caller only under which reference', async () => {
    const before = harness.audit.counted.length
    const answer = await harness.send({ token: 'alice+stranger', body: callTool('echo') })
    const counted = harness.audit.counted.slice(before)
    expect(counted).toEqual([
      {
        type: 'token.refused',
        tenant: undefined,
        reason: 'ERR_TENANT_UNKNOWN',
        requestId: expect.any(String),
        issuer: 'https://issuer.test',
        subject: 'alice',
        clientId: 'client',
        detail: { tenant: 'nobody' },
        personal: { address: '127.0.0.1' },
      },
    ])
    expect(answer.text).toContain(counted[0]?.requestId)
    expect(answer.text).not.toMatch(/alice|nobody|client/)
  })

  it('leaves on record who acted for whoever was refused', async () => {
    const before = harness.audit.counted.length
    harness.people.delegate('bob+stranger', { subject: 'scheduler', clientId: 'agents' })
    expect((await harness.send({ token: 'bob+stranger', body: callTool('echo') })).status).toBe(403)
    expect(harness.audit.counted.slice(before)).toMatchObject([
      { subject: 'bob', detail: { tenant: 'nobody' }, personal: { actor: ['subject:scheduler', 'client:agents'] } },
    ])
  })

  it('leaves a tenant claim of any length on record with 255 characters of it', async () => {
    const before = harness.audit.counted.length
    expect((await harness.send({ token: 'alice+longwinded', body: callTool('echo') })).status).toBe(403)
    expect(harness.audit.counted.slice(before)).toMatchObject([{ detail: { tenant: 'x'.repeat(255) } }])
  })

  it('leaves nobody on record for a token that was not verified', async () => {
    const before = harness.audit.counted.length
    await harness.send({ token: 'mallory', body: callTool('echo') })
    expect(harness.audit.counted.slice(before)).toEqual([
      {
        ...{ type: 'token.refused', tenant: undefined, reason: 'ERR_TOKEN_SIGNATURE', requestId: expect.any(String) },
        personal: { address: '127.0.0.1' },
      },
    ])
  })

  it('answers 503 while tokens cannot be verified, with a reference and no detail', async () => {
    const started = harness.diary.started
    harness.people.down = true
    const answer = await harness.send({ body: callTool('echo') })
    harness.people.down = false
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBe('1')
    expect(answer.messages[0]?.error?.data).toEqual({
      code: 'IDP_UNAVAILABLE',
      retryable: true,
      ref: expect.any(String),
    })
    expect(answer.text).not.toContain('keys')
    expect(harness.diary.started).toBe(started)
  })
})

describe('routes', () => {
  it.each([
    '/',
    '//mcp',
    '/MCP',
    '/Mcp',
    '/mcp/',
    '/mcp//',
    '/mcp/.',
    '/mcp/..;/',
    '/./mcp',
    '/x/../mcp',
    '/%6dcp',
    '/mcp%2f',
    '/mcp%00',
    '/mcp;x=1',
    '/mcp.json',
    '/mcp%3f',
    '/\\mcp',
    '/mcp\\',
    '/mcp/OAuth',
    '/mcp%2foauth',
    '/mcp/oauth/',
    '/sse',
    '/messages',
    '*',
  ])('reach nothing at %s, with or without a token', async (path) => {
    const started = harness.diary.started
    for (const token of ['alice', null]) {
      const answer = await harness.send({ token, path, method: 'POST', body: callTool('echo') })
      expect([answer.status, answer.text]).toEqual([404, 'nothing here'])
    }
    expect(harness.diary.started).toBe(started)
  })

  it.each(['PUT', 'PATCH', 'HEAD', 'GET', 'DELETE', 'PROPFIND', 'TRACE'])(
    'know no method %s without sessions, and say so only to the authenticated',
    async (method) => {
      const answer = await harness.send({ method })
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST'])
      expect((await harness.send({ method, token: null })).status).toBe(401)
    },
  )

  it('ignore the query', async () => {
    expect((await harness.send({ path: '/mcp?x=../y', body: call('ping') })).status).toBe(200)
  })
})

describe('headers', () => {
  it.each([
    ['an answer', { body: callTool('echo') }, 200],
    ['a stream', { body: call('tools/call', { name: 'steps', _meta: { progressToken: 1 } }) }, 200],
    ['a notification', { body: { jsonrpc: '2.0', method: 'notifications/initialized' } }, 202],
    ['a parse error', { body: '{' }, 400],
    ['a missing token', { token: null, body: {} }, 401],
    ['a foreign host', { body: {}, headers: { host: 'evil.test' } }, 403],
    ['a wrong method', { method: 'PUT' }, 405],
    ['a large body', { body: 'x'.repeat(1_100_000) }, 413],
    ['a wrong type', { body: '{}', headers: { 'content-type': 'text/plain' } }, 415],
    ['a preflight', { method: 'OPTIONS', token: null }, 204],
  ] as [string, Sent, number][])('forbid caching and sniffing of %s', async (_what, sent, status) => {
    const answer = await harness.send(sent)
    expect(answer.status).toBe(status)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers.vary).toBe('Authorization, Origin')
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.headers['x-powered-by']).toBeUndefined()
    expect(answer.headers['server']).toBeUndefined()
    for (const name of ['Cache-Control', 'Vary', 'Content-Type']) {
      expect(answer.rawHeaders.filter((header) => header === name).length).toBeLessThanOrEqual(1)
    }
  })
})
