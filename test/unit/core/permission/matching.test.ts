import { describe, expect, it } from '@jest/globals'
import { readAccessTokenClaims } from '../../../../src/adapter/token/own/access-token-claims.js'
import { categories } from '../../../../src/core/permission/grants.js'
import { allOf, grant, not, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import { all, any, caller, holder, standing, treeOf, verdictOf } from './samples.js'

describe('matching', () => {
  const lookAlikes = [
    ['a wildcard', 'admin*'],
    ['a shorter wildcard', 'adm*'],
    ['everything', '*'],
    ['a pattern', '.*'],
    ['an SQL pattern', '%'],
    ['a prefix', 'adm'],
    ['a longer name', 'administrator'],
    ['upper case', 'ADMIN'],
    ['a capital', 'Admin'],
    ['a space before', ' admin'],
    ['a space after', 'admin '],
    ['a line end', 'admin\n'],
    ['a zero byte', 'admin\0'],
    ['zero width', 'admin\u200b'],
    ['zero width inside', 'ad\u200dmin'],
    ['a byte order mark', '\ufeffadmin'],
    ['Cyrillic', '\u0430dmin'],
    ['full width', '\uff41\uff44\uff4d\uff49\uff4e'],
    ['nothing', ''],
  ]

  it.each(lookAlikes)('a caller with %s is no admin', (_what, name) => {
    for (const category of categories) {
      const asked = { [category]: ['admin'] }
      expect(verdictOf(treeOf(any(asked)), holder({ [category]: [name] }))).toBe('deny')
      expect(verdictOf(treeOf(all(asked)), holder({ [category]: [name] }))).toBe('deny')
      expect(verdictOf(grant(category, 'admin'), caller({ [category]: [name] }, standing(asked)))).toBe('deny')
      expect(verdictOf(grant(category, 'admin'), caller(asked, standing({ [category]: [name] })))).toBe('deny')
    }
  })

  it.each(lookAlikes)('a demand for %s is not met by admin', (_what, name) => {
    for (const category of categories) {
      expect(verdictOf(grant(category, name), holder({ [category]: ['admin'] }))).toBe('deny')
    }
  })

  it.each(categories)('the name itself is met: %s', (category) => {
    expect(verdictOf(grant(category, 'admin'), holder({ [category]: ['admin'] }))).toBe('allow')
  })

  it('does not compose letters', () => {
    expect(verdictOf(role('\u00e9'), holder({ roles: ['e\u0301'] }))).toBe('deny')
    expect(verdictOf(role('\u00e9'), holder({ roles: ['\u00e9'] }))).toBe('allow')
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is a name like any other', (name) => {
    for (const category of categories) {
      expect(verdictOf(grant(category, name), holder({}))).toBe('deny')
      expect(verdictOf(not(grant(category, name)), holder({}))).toBe('allow')
      expect(verdictOf(grant(category, name), holder({ [category]: [name] }))).toBe('allow')
    }
  })
})

describe('the scope claim', () => {
  const now = 1_800_000_000
  const issuer = 'https://auth.example'
  const resource = 'https://api.example/mcp'
  const rules = { issuer, resource, now, skew: 5, maxLifetime: 600 }
  const claims = {
    iss: issuer,
    aud: resource,
    sub: 'ada',
    client_id: 'client-1',
    tenant_id: 'acme',
    jti: 'token-1',
    gid: 'grant-1',
    iat: now,
    exp: now + 300,
  }
  const asserted = (scope: string) => readAccessTokenClaims({ ...claims, scope }, rules).asserted
  const stored = standing({ scopes: ['read', 'write', 'read write'] })

  it('of two words is two scopes', () => {
    expect(asserted('read write').scopes).toEqual(['read', 'write'])
    expect(verdictOf(allOf(scope('read'), scope('write')), caller(asserted('read write'), stored))).toBe('allow')
    expect(verdictOf(allOf(scope('read'), scope('write')), caller(asserted('read'), stored))).toBe('deny')
    expect(verdictOf(scope('read write'), caller(asserted('read write'), stored))).toBe('deny')
  })

  it.each(['read  write', ' read', 'read ', 'read\twrite', 'read\nwrite', 'read,\u00a0write', 'r"ead'])(
    'is split on single spaces only, so that %j is no claim at all',
    (text) => {
      expect(() => asserted(text)).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_CLAIMS' }))
    },
  )

  it('is what its words are, byte by byte', () => {
    const held = caller(asserted('read,write READ wr* write.read'), stored)
    expect(verdictOf(scope('read'), held)).toBe('deny')
    expect(verdictOf(scope('write'), held)).toBe('deny')
  })

  it('that is not there, or empty, is no scope', () => {
    expect(readAccessTokenClaims(claims, rules).asserted.scopes).toEqual([])
    expect(asserted('').scopes).toEqual([])
    expect(verdictOf(scope('read'), caller(asserted(''), stored))).toBe('deny')
  })
})
