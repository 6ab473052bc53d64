import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { McpHarness } from '../../support/mcp-harness.js'

let harness: McpHarness

beforeAll(async () => {
  harness = await McpHarness.start({ allowedOrigins: ['https://app.test'] })
})

afterAll(() => harness.close())

const wellKnown = '/.well-known/oauth-protected-resource'

describe('protected resource metadata', () => {
  it.each([
    ['/mcp', '/mcp', ['mcp', 'read']],
    ['/mcp/oauth', '/mcp/oauth', ['mcp']],
    ['', '/mcp/oauth', ['mcp']],
  ])('at %j describes %s', async (suffix, path, scopes) => {
    const answer = await harness.send({ token: null, path: wellKnown + suffix })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toEqual({
      resource: harness.origin + path,
      authorization_servers: ['https://issuer.test'],
      scopes_supported: scopes,
      bearer_methods_supported: ['header'],
      resource_name: 'Harness',
    })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=60',
      'access-control-allow-origin': '*',
    })
  })

  it('answers HEAD and preflights of every origin, and no other method', async () => {
    const path = `${wellKnown}/mcp`
    const head = await harness.send({ token: null, method: 'HEAD', path })
    expect([head.status, head.text, Number(head.headers['content-length']) > 0]).toEqual([200, '', true])
    const headers = { origin: 'https://anywhere.test', 'access-control-request-headers': 'mcp-protocol-version' }
    const preflight = await harness.send({ token: null, method: 'OPTIONS', path, headers })
    expect(preflight.status).toBe(204)
    expect(preflight.headers).toMatchObject({ 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' })
    expect((await harness.send({ token: null, path, body: {} })).status).toBe(405)
  })

  it.each(['/', '/mcp/', '/other', '/mcp/oauth/x', '%2fmcp'])('is not found at %s', async (suffix) => {
    expect((await harness.send({ token: null, path: wellKnown + suffix })).text).toBe('nothing here')
  })

  it('is not given out under another name', async () => {
    const answer = await harness.send({ token: null, path: wellKnown, headers: { host: 'evil.test' } })
    expect(answer.status).toBe(403)
  })
})

describe('cross-origin requests', () => {
  it('answers a preflight of an allowed origin without a token', async () => {
    const headers = { origin: 'https://app.test', 'access-control-request-method': 'POST' }
    const answer = await harness.send({ token: null, method: 'OPTIONS', headers })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.test')
    expect(answer.headers['access-control-allow-methods']).toBe('GET, POST, DELETE, OPTIONS')
    for (const name of ['authorization', 'content-type', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id']) {
      expect(answer.headers['access-control-allow-headers']).toContain(name)
    }
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
    expect(harness.people.verified).toBe(0)
  })

  it('lets an allowed origin read challenge and session, and refuses another origin its preflight', async () => {
    const refused = await harness.send({ token: null, body: {}, headers: { origin: 'https://app.test' } })
    expect(refused.status).toBe(401)
    expect(refused.headers['access-control-expose-headers']).toBe(
      'WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After',
    )
    expect(refused.headers['access-control-allow-origin']).toBe('https://app.test')
    const evil = await harness.send({ token: null, method: 'OPTIONS', headers: { origin: 'https://evil.test' } })
    expect(evil.status).toBe(403)
    expect(evil.headers['access-control-allow-origin']).toBeUndefined()
  })
})
