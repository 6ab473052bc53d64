import { describe, expect, it } from '@jest/globals'
import { ConfigurationError } from '../../../../src/core/error/configuration-error.js'
import { readIssuers } from '../../../../src/core/trust/read-issuer-options.js'
import { read, refusalOf, refusalOfAll, written } from './samples.js'

describe('issuer options', () => {
  it('decides everything: what is not said is the strict default of the preset', () => {
    expect(read()).toEqual({
      issuer: 'https://id.example.com',
      source: 'code',
      preset: 'generic',
      application: undefined,
      audience: { claim: 'aud', accepts: 'resource', besides: [] },
      tenant: { kind: 'claim', claim: 'org' },
      reach: 'public',
      token: {
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
        types: ['at+jwt'],
        required: {},
        forbidden: ['nonce', 'at_hash', 'c_hash', 's_hash', 'events', 'cnf'],
        skewSeconds: 60,
        maxLifetimeSeconds: 86_400,
      },
      claims: {
        clientId: ['client_id', 'azp'],
        email: ['email'],
        name: ['name'],
        session: ['sid'],
        grants: { scopes: ['scope'] },
        overage: 'empty',
      },
      keys: {
        kind: 'discovery',
        metadataUrls: [
          'https://id.example.com/.well-known/openid-configuration',
          'https://id.example.com/.well-known/oauth-authorization-server',
        ],
        origins: [],
      },
      introspection: undefined,
      logoutClientId: undefined,
      advertised: 'yes',
    })
  })

  it('looks for metadata where OpenID Connect Discovery §4 and RFC 8414 §3.1 put it', () => {
    expect(read({ issuer: 'https://id.example.com/realms/a' }).keys).toMatchObject({
      metadataUrls: [
        'https://id.example.com/realms/a/.well-known/openid-configuration',
        'https://id.example.com/.well-known/oauth-authorization-server/realms/a',
      ],
    })
    expect(read({ issuer: 'https://id.example.com/a/' }).keys).toMatchObject({
      metadataUrls: [
        'https://id.example.com/a/.well-known/openid-configuration',
        'https://id.example.com/.well-known/oauth-authorization-server/a',
      ],
    })
  })

  it('takes what is said in place of the preset', () => {
    const issuer = read({
      audience: { '/mcp': 'a', '/mcp/oauth': 'b' },
      otherAudiences: ['c'],
      tenant: { slug: 'acme' },
      claims: {
        roles: '/realm_access/roles',
        groups: ['g', 'https://id.example.com/groups'],
        scopes: null,
        email: null,
      },
      algorithms: ['ES256'],
      types: ['jwt', 'absent'],
      skewSeconds: 5,
      maxLifetimeSeconds: 600,
      jwksUrl: 'https://keys.example.com/jwks',
      introspection: {
        url: 'https://id.example.com/introspect',
        clientId: 'us',
        clientSecret: 's',
        tokenPrefix: 'op_',
      },
      logoutClientId: 'us',
      groupOverage: 'database',
      advertised: false,
    })
    expect(issuer).toMatchObject({
      audience: { accepts: { '/mcp': 'a', '/mcp/oauth': 'b' }, besides: ['c'] },
      tenant: { kind: 'fixed', tenant: 'acme' },
      token: { algorithms: ['ES256'], types: ['jwt', 'absent'], skewSeconds: 5, maxLifetimeSeconds: 600 },
      keys: { kind: 'jwks', url: 'https://keys.example.com/jwks' },
      introspection: { kind: 'rfc7662', clientId: 'us', clientSecret: 's', tokenPrefix: 'op_' },
      logoutClientId: 'us',
      advertised: 'no',
    })
    expect(issuer.claims.grants).toEqual({
      roles: ['/realm_access/roles'],
      groups: ['g', 'https://id.example.com/groups'],
    })
    expect(issuer.claims).toMatchObject({ email: [], name: ['name'], overage: 'database' })
  })

  it('takes http for an issuer on this computer whose network is private, and nowhere else', () => {
    const issuer = 'http://127.0.0.1:8080/realms/a'
    expect(read({ issuer, network: 'private' }).issuer).toBe(issuer)
    expect(refusalOf({ issuer })).toContain("with network: 'private'")
    expect(refusalOf({ issuer: 'http://id.example.com', network: 'private' })).toContain('does not use https')
  })

  it.each([
    ['id.example.com', 'is not an absolute URL'],
    ['https://id.example.com/?a=b', 'has a query'],
    ['https://id.example.com?', 'has a query'],
    ['https://id.example.com/#a', 'has a fragment'],
    ['https://u:hunter2@id.example.com/', 'has a user'],
    ['https://ID.example.com', 'normal form'],
    ['https://id.example.com:443', 'normal form'],
    ['https://id.example.com/a/../b', 'normal form'],
    ['ftp://id.example.com', 'does not use https'],
    [`https://id.example.com/${'a'.repeat(255)}`, '1 to 255 characters'],
    ['', '1 to 255 characters'],
    [undefined, 'is missing'],
    [42, 'is not a text'],
  ])('refuses the issuer %p', (issuer, reason) => {
    expect(refusalOf({ issuer })).toMatch(/^ERR_CONFIG_ISSUER issuer .*: issuer /)
    expect(refusalOf({ issuer })).toContain(reason)
  })

  it.each([
    ['nothing', undefined, 'audience is missing'],
    ['nothing at all', '', 'audience is missing'],
    ['no text', 42, 'audience is not a text'],
    ['no path', {}, 'audience names no path'],
    ['what is no path', { mcp: 'a' }, 'audience."mcp" is no path'],
    ['a path with a query', { '/mcp?a': 'a' }, 'audience."/mcp?a" is no path'],
    ['a path that is not in its normal form', { '/a/../b': 'a' }, 'is no path'],
    ['no value for a path', { '/mcp': '' }, 'audience./mcp is not a text'],
  ])('refuses an audience that says %s', (_case, audience, reason) => {
    expect(refusalOf({ audience })).toContain(reason)
  })

  it.each([
    ['HS256', 'whoever can verify a token can make one'],
    ['none', 'anybody can'],
    ['nOnE', 'anybody can'],
    ['RS1', 'is none of RS256'],
  ])('refuses the algorithm %s', (algorithm, reason) => {
    expect(refusalOf({ algorithms: ['RS256', algorithm] })).toContain(reason)
  })

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['an unknown member', { audiense: 'resource' }, '"audiense" is unknown'],
    ['an application, outside the database', { application: 'other' }, '"application" is unknown'],
    ['an unknown preset', { preset: 'ping' }, 'preset is none of keycloak'],
    ['no algorithm', { algorithms: [] }, 'algorithms is not a list'],
    ['a type that is none', { types: ['JWT'] }, 'types has one that is none'],
    ['a skew of more than 60 s', { skewSeconds: 61 }, 'more than 300 is refused everywhere'],
    ['a negative skew', { skewSeconds: -1 }, 'skewSeconds is not a whole number'],
    ['a skew that is a text', { skewSeconds: '5' }, 'skewSeconds is not a whole number'],
    ['a life of more than a day', { maxLifetimeSeconds: 86_401 }, 'more than a day'],
    ['no life', { maxLifetimeSeconds: 0 }, 'maxLifetimeSeconds is not a whole number'],
    ['no tenant rule', { tenant: undefined }, 'tenant is missing'],
    ['two tenant rules', { tenant: { claim: 'a', slug: 'b' } }, 'tenant says either claim or slug'],
    ['an empty tenant rule', { tenant: {} }, 'tenant says either claim or slug'],
    ['a tenant that is a text', { tenant: 'acme' }, 'tenant is not an object'],
    ['a slug that is none', { tenant: { slug: 'Acme' } }, 'tenant.slug is no slug'],
    ['a malformed pointer', { tenant: { claim: '/a/~2' } }, 'tenant.claim is no place'],
    ['an empty pointer', { claims: { roles: '/' } }, 'claims.roles is no place'],
    ['a pointer with an empty part', { claims: { roles: ['/a//b'] } }, 'claims.roles is no place'],
    ['an unknown claim', { claims: { role: 'a' } }, 'claims."role" is unknown'],
    ['no client id', { claims: { clientId: null } }, 'claims.clientId is needed'],
    ['an empty list of places', { claims: { roles: [] } }, 'claims.roles is not a list'],
    ['a JWKS URL without https', { jwksUrl: 'http://keys.example.com' }, 'jwksUrl does not use https'],
    [
      'keys at two places',
      { jwksUrl: 'https://a.example/', metadataUrl: 'https://a.example/' },
      'metadataUrl says nothing',
    ],
    ['an origin that is none', { origins: ['https://a.example/path'] }, 'origins has one that is not an origin'],
    ['introspection without a client', { introspection: {} }, 'introspection.clientId is missing'],
    [
      'introspection at no place',
      { jwksUrl: 'https://a.example/', introspection: { clientId: 'a', clientSecret: 'b' } },
      'introspection.url is needed',
    ],
    ['a flag that is none', { advertised: 'no' }, 'advertised is neither true nor false'],
    ['a network that is none', { network: 'local' }, 'network is none of'],
    ['an unknown answer to overage', { groupOverage: 'graph' }, 'groupOverage is none of'],
    ['text that does not show', { logoutClientId: 'a\u0000b' }, 'logoutClientId is not a text'],
  ])('refuses %s', (_case, changes, reason) => {
    expect(refusalOf(changes)).toContain(reason)
  })

  it('lists all that is wrong with all of them at once, each with the issuer and where it comes from', () => {
    const list = [written({ audience: undefined, skewSeconds: 90 }), 'https://b.example', written({ tenant: {} })]
    const message = refusalOfAll(list, 'environment')
    expect(message).toMatch(/^ERR_CONFIG_GRAPH 4 faults:/)
    expect(message).toContain('issuer "https://id.example.com" of AUTHSEC_ISSUERS: audience is missing')
    expect(message).toContain('issuer 2 of AUTHSEC_ISSUERS: is not an object')
    expect(refusalOfAll({}, 'environment')).toContain('the issuers of AUTHSEC_ISSUERS are not a list')
    expect(() => readIssuers(list, 'code')).toThrow(ConfigurationError)
  })

  it('says no secret, wherever it was written', () => {
    const secret = 'hunter2hunter2'
    const messages = [
      refusalOf({ issuer: `https://u:${secret}@id.example.com/` }),
      refusalOf({ issuer: `https://id.example.com/?key=${secret}` }),
      refusalOf({ introspection: { clientId: secret, clientSecret: [secret], tokenPrefix: 7 } }),
      refusalOf({ introspection: secret }),
      refusalOf({ jwksUrl: `http://${secret}.example/?${secret}` }),
      refusalOf({ audience: [secret], tenant: secret, claims: [secret], algorithms: [secret], skewSeconds: secret }),
    ]
    expect(messages.join()).not.toContain(secret)
    expect(messages.join()).not.toContain('it is accepted')
  })

  it('asks nobody about what begins like a JWT', () => {
    const introspection = { clientId: 'us', clientSecret: 's', tokenPrefix: 'eyJ' }
    expect(refusalOf({ introspection })).toContain('introspection.tokenPrefix is how JWTs begin')
  })

  describe('of several issuers', () => {
    const asking = (issuer: string, tokenPrefix?: string) =>
      written({ issuer, introspection: { clientId: 'a', clientSecret: 'b', ...(tokenPrefix && { tokenPrefix }) } })

    it('takes those of different names, and refuses two of one', () => {
      expect(readIssuers([written(), written({ issuer: 'https://b.example' })], 'code')).toHaveLength(2)
      expect(refusalOfAll([written(), written()])).toContain('https://id.example.com is there twice')
    })

    it('asks only one of them about a token: their prefixes tell them apart', () => {
      const two = (first?: string, second?: string) => [
        asking('https://a.example', first),
        asking('https://b.example', second),
      ]
      expect(readIssuers(two('a_', 'b_'), 'code')).toHaveLength(2)
      for (const [first, second] of [
        [undefined, 'b_'],
        [undefined, undefined],
        ['a_', 'a_b'],
        ['a_', 'a_'],
      ]) {
        expect(refusalOfAll(two(first, second))).toContain('would both be asked about one token')
      }
    })
  })

  describe('in the database', () => {
    it('has one audience for every application by the URL that is called, and any for one application', () => {
      expect(read({}, 'database')).toMatchObject({ application: undefined, audience: { accepts: 'resource' } })
      expect(read({ application: 'billing', audience: 'api' }, 'database')).toMatchObject({ application: 'billing' })
      expect(refusalOf({ audience: 'api' }, 'database')).toContain('name its application')
      expect(refusalOf({ audience: { '/mcp': 'api' } }, 'database')).toContain('name its application')
    })
  })
})
