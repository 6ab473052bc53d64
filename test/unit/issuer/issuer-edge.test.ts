import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { callerOf } from '../../../src/adapter/issuer/http/client-address.js'
import { authorizationQuery, routeOf } from '../../../src/adapter/issuer/http/issuer-edge.js'
import { formatSubject, parseSubject } from '../../../src/adapter/issuer/sign-in/issuer-subject.js'
import { parsePublicUrl } from '../../../src/adapter/issuer/http/public-url.js'

describe('the caller', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:DB8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('at %s counts as %s', (address, expected) => {
    const request = new IncomingMessage(new Socket())
    Object.defineProperty(request, 'socket', { value: { remoteAddress: address } })
    expect(callerOf(request)).toBe(expected)
  })
})

describe('an authorization query', () => {
  const scopeOf = (query: string) => {
    const answer = authorizationQuery(query)
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

  it.each(['a=1&a=2', 'a=1&a=1', 'response_mode=fragment', 'id_token_hint=x'])('%j is refused', (query) => {
    expect(authorizationQuery(query)).toMatchObject({ valid: false })
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
    expect(parseSubject(formatSubject(tenant, 'a-1'))).toEqual({
      tenantId: 't-1',
      tenantSlug: 'acme',
      accountId: 'a-1',
    })
  })

  it.each(['', 'a', 'a:b', 'a:b:', ':b:c', 'a:b:c:d'])('is not read from %j', (text) => {
    expect(parseSubject(text)).toBeUndefined()
  })
})
