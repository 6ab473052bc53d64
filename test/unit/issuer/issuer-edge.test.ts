import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { callerOf } from '../../../src/adapter/issuer/http/client-address.js'
import { authorizationQuery, routeOf } from '../../../src/adapter/issuer/http/issuer-edge.js'
import { formatSubject, parseSubject } from '../../../src/adapter/issuer/sign-in/issuer-subject.js'
import { hostNaming, leadsBackHere, parsePublicUrl } from '../../../src/adapter/issuer/http/public-url.js'

describe('the caller', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:db8:1:2::9', '2001:db8:1:2::'],
    ['2001:DB8::1', '2001:db8::'],
    ['2001:0db8:0000:0010::1', '2001:db8:0:10::'],
    ['2001:db8:0:1:0:0:0:0', '2001:db8:0:1::'],
    ['0:0:0:5::1', '0:0:0:5::'],
    ['2001:db8:100:0:0:1:2:3', '2001:db8:100::'],
    ['::2', '::'],
    ['::1', '::1'],
    ['fe80::1%eth0', 'fe80::'],
  ])('at %s counts as %s', (address, expected) => {
    const request = new IncomingMessage(new Socket())
    Object.defineProperty(request, 'socket', { value: { remoteAddress: address } })
    expect(callerOf(request)).toBe(expected)
  })
})

describe('an authorization query', () => {
  const url = parsePublicUrl('http://127.0.0.1:3005/oauth')
  const scopeOf = (query: string) => {
    const answer = authorizationQuery(url, query, undefined)
    return answer.valid ? new URLSearchParams(answer.query).get('scope') : answer
  }

  it.each([
    ['', 'mcp'],
    ['scope=', 'mcp'],
    ['scope=+', 'mcp'],
    ['scope=read', 'mcp read'],
    ['scope=read+mcp', 'read mcp'],
    ['scope=mcpx', 'mcp mcpx'],
  ])('%j asks for %j', (query, expected) => {
    expect(scopeOf(query)).toBe(expected)
  })

  it.each([
    'a=1&a=2',
    'a=1&a=1',
    'response_mode=fragment',
    'id_token_hint=x',
    `redirect_uri=${encodeURIComponent('http://127.0.0.1:3005/oauth/authorize')}`,
    `redirect_uri=${encodeURIComponent('http://localhost:3005/x')}`,
  ])('%j is refused', (query) => {
    expect(authorizationQuery(url, query, undefined)).toMatchObject({ valid: false })
  })

  it('may lead back to this server for the relying party alone, and for nothing else there', () => {
    const redirectUri = 'http://127.0.0.1:3005/authsec/login/callback'
    const isAwaited = () => Promise.resolve(true)
    const party = { clientId: 'app', clientSecret: 'x'.repeat(32), redirectUri, isAwaited }
    const isValid = (parameters: Readonly<Record<string, string>>, known: typeof party | undefined = party) => {
      return authorizationQuery(url, new URLSearchParams(parameters).toString(), known).valid
    }
    const own = { client_id: 'app', redirect_uri: redirectUri }
    expect([isValid(own), isValid({ ...own, prompt: 'login' })]).toEqual([true, true])
    expect(isValid(own, { ...party, clientId: 'other' })).toBe(false)
    expect(isValid({ ...own, prompt: 'none' })).toBe(false)
    for (const redirect_uri of [`${redirectUri}/`, 'http://127.0.0.1:3006/authsec/login/callback', '']) {
      expect(isValid({ client_id: 'app', redirect_uri })).toBe(false)
    }
    for (const client_id of ['App', 'app ', '', 'other']) expect(isValid({ ...own, client_id })).toBe(false)
  })

  it('may have 4 KB and not more', () => {
    expect(authorizationQuery(url, `state=${'x'.repeat(4090)}`, undefined)).toMatchObject({ valid: true })
    expect(authorizationQuery(url, `state=${'x'.repeat(4091)}`, undefined)).toMatchObject({ valid: false })
  })
})

describe('a Host', () => {
  it.each([
    ['http://127.0.0.1:3005/oauth', '127.0.0.1:3005', 'public'],
    ['http://127.0.0.1:3005/oauth', 'localhost:3005', 'loopback'],
    ['http://127.0.0.1:3005/oauth', 'LOCALHOST:3005', 'loopback'],
    ['http://127.0.0.1:3005/oauth', '[::1]:3005', 'loopback'],
    ['http://127.0.0.1:3005/oauth', 'localhost:3006', 'foreign'],
    ['http://127.0.0.1:3005/oauth', 'localhost', 'foreign'],
    ['http://127.0.0.1:3005/oauth', 'evil.example:3005', 'foreign'],
    ['http://127.0.0.1:3005/oauth', '127.0.0.1:3005.evil.example', 'foreign'],
    ['http://127.0.0.1:3005/oauth', 'evil@127.0.0.1:3005', 'foreign'],
    ['http://127.0.0.1:3005/oauth', '127.0.0.1:3005/x', 'foreign'],
    ['http://127.0.0.1:3005/oauth', '', 'foreign'],
    ['http://127.0.0.1:3005/oauth', undefined, 'foreign'],
    ['https://mcp.example.com/oauth', 'mcp.example.com', 'public'],
    ['https://mcp.example.com/oauth', 'mcp.example.com:443', 'public'],
    ['https://mcp.example.com/oauth', 'mcp.example.com:80', 'foreign'],
    ['https://mcp.example.com/oauth', '127.0.0.1', 'foreign'],
  ] as const)('of %s that says %j is %s', (issuer, host, expected) => {
    expect(hostNaming(parsePublicUrl(issuer), host)).toBe(expected)
  })
})

describe('a redirect URI', () => {
  it.each([
    ['http://127.0.0.1:3005/oauth', 'http://127.0.0.1:3005/cb', true],
    ['http://127.0.0.1:3005/oauth', 'http://localhost:3005/cb', true],
    ['http://127.0.0.1:3005/oauth', 'http://[::1]:3005/cb', true],
    ['http://127.0.0.1:3005/oauth', 'http://127.0.0.1:3006/cb', false],
    ['http://127.0.0.1:3005/oauth', 'not a URL', false],
    ['https://mcp.example.com/oauth', 'https://mcp.example.com:443/cb', true],
    ['https://mcp.example.com/oauth', 'https://example.com/cb', false],
  ])('of %s, %s leads back here: %s', (issuer, uri, expected) => {
    expect(leadsBackHere(parsePublicUrl(issuer), uri)).toBe(expected)
  })
})

describe('routes', () => {
  it('follow the path of the issuer, also a longer one', () => {
    const url = parsePublicUrl('https://example.com/a/b')
    expect(routeOf(url, '/a/b/token')).toMatchObject({ kind: 'token' })
    expect(routeOf(url, '/.well-known/oauth-authorization-server/a/b')).toMatchObject({ kind: 'metadata' })
    expect(routeOf(url, '/a/token')).toEqual({ kind: 'foreign' })
    expect(routeOf(url, '/a/b/c')).toEqual({ kind: 'unknown' })
  })
})

describe('a subject', () => {
  it('is read as it was written', () => {
    const tenant = { id: 't-1', slug: 'acme', name: 'Acme' }
    const read = { tenantId: 't-1', tenantSlug: 'acme', accountId: 'a-1' }
    expect(parseSubject(formatSubject(tenant, { id: 'a-1' }))).toEqual(read)
    const securityStamp = '8f7a2f0e-2a53-4a3c-9a43-0f9f3b1f7c11'
    expect(parseSubject(formatSubject(tenant, { id: 'a-1', securityStamp }))).toEqual({ ...read, securityStamp })
  })

  it.each(['', 'a', 'a:b', 'a:b:', ':b:c', 'a:b:c:d'])('is not read from %j', (text) => {
    expect(parseSubject(text)).toBeUndefined()
  })
})
