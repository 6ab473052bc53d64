import { describe, expect, it } from '@jest/globals'
import { isIssuer } from '../../../../src/core/trust/entra-issuer.js'
import { directory, read, refusalOf, refusalOfAll, written } from './samples.js'

const entra = { preset: 'entra', audience: 'api-client-id' }
const login = 'https://login.microsoftonline.com'

describe('preset keycloak', () => {
  it('knows an access token by the typ of its payload, and where roles are nested', () => {
    const issuer = read({ preset: 'keycloak', issuer: 'https://id.example.com/realms/a' })
    expect(issuer.token).toMatchObject({ types: ['jwt', 'at+jwt'], required: { typ: 'Bearer' } })
    expect(issuer.token.forbidden).toEqual(['at_hash', 'c_hash', 's_hash', 'events', 'cnf'])
    expect(issuer.claims.grants).toEqual({ roles: ['/realm_access/roles'], groups: ['groups'], scopes: ['scope'] })
    expect(issuer.audience.besides).toEqual(['account'])
    expect(read({ preset: 'keycloak', otherAudiences: [] }).audience.besides).toEqual([])
  })
})

describe('preset auth0', () => {
  it('lets the userinfo endpoint stand beside us, and takes permissions', () => {
    const issuer = read({ preset: 'auth0', issuer: 'https://acme.eu.auth0.com/' })
    expect(issuer.audience.besides).toEqual(['https://acme.eu.auth0.com/userinfo'])
    expect(issuer.claims.grants).toEqual({ permissions: ['permissions'], scopes: ['scope'] })
  })

  it('refuses an issuer without the slash that its tokens have', () => {
    expect(refusalOf({ preset: 'auth0', issuer: 'https://acme.eu.auth0.com' })).toContain('ends with a slash')
  })
})

describe('preset okta', () => {
  it('takes scopes from scp and the client from cid', () => {
    const issuer = read({ preset: 'okta', issuer: 'https://acme.okta.com/oauth2/default' })
    expect(issuer.claims).toMatchObject({ clientId: ['cid'], grants: { groups: ['groups'], scopes: ['scp'] } })
  })
})

describe('preset cognito', () => {
  const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example'
  const cognito = (audience: unknown) => ({ preset: 'cognito', issuer, audience })

  it('takes access tokens only, without a typ in their header', () => {
    expect(read(cognito('resource')).token).toMatchObject({ types: ['absent'], required: { token_use: 'access' } })
  })

  it('compares a resource with aud', () => {
    for (const audience of ['resource', 'https://mcp.example.com/mcp', { '/mcp': 'https://mcp.example.com/mcp' }]) {
      expect(read(cognito(audience)).audience.claim).toBe('aud')
      expect(read(cognito(audience)).token.forbidden).not.toContain('aud')
    }
  })

  it('compares a client id with client_id, and then refuses tokens that were bound to a resource', () => {
    const read_ = read(cognito('1example23456789'))
    expect(read_.audience).toMatchObject({ claim: 'client_id', accepts: '1example23456789' })
    expect(read_.token.forbidden).toContain('aud')
  })

  it('refuses a mixture of both', () => {
    expect(refusalOf(cognito({ '/a': 'https://mcp.example.com', '/b': '1example' }))).toContain('audience mixes')
  })
})

describe('preset google', () => {
  const google = { preset: 'google', issuer: 'https://accounts.google.com', audience: 'us.apps.googleusercontent.com' }

  it('looks tokens up at Google, by the hosted domain, and takes no JWT', () => {
    expect(read({ ...google, tenant: { claim: 'hd' } })).toMatchObject({
      token: { types: [] },
      introspection: { kind: 'google', url: 'https://oauth2.googleapis.com/tokeninfo', tokenPrefix: 'ya29.' },
      keys: {
        origins: [
          'https://www.googleapis.com',
          'https://oauth2.googleapis.com',
          'https://openidconnect.googleapis.com',
        ],
      },
    })
  })

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['with another claim', { tenant: { claim: 'email' } }, "tenant has to be { claim: 'hd' }"],
    ['with a fixed tenant', { tenant: { slug: 'acme' } }, "tenant has to be { claim: 'hd' }"],
    ['by another preset', { preset: 'generic', tenant: { claim: 'hd' } }, "'google' and the issuer"],
    ['elsewhere', { issuer: 'https://id.example.com', tenant: { claim: 'hd' } }, "'google' and the issuer"],
    ['for a resource', { audience: 'resource', tenant: { claim: 'hd' } }, 'is a client id at Google'],
    ['with ID tokens', { types: ['jwt'], tenant: { claim: 'hd' } }, "types says nothing with preset 'google'"],
  ])('refuses it %s', (_case, changes, reason) => {
    expect(refusalOf({ ...google, ...changes })).toContain(reason)
  })
})

describe('preset entra', () => {
  it('knows version 2.0 and 1.0 of one directory by their issuers', () => {
    const two = read({ ...entra, issuer: `${login}/${directory}/v2.0` })
    expect(two.token).toMatchObject({ required: { ver: '2.0' }, types: ['jwt'] })
    expect(two.claims.grants).toEqual({ roles: ['roles'], groups: ['groups'], scopes: ['scp'] })
    const one = read({ ...entra, issuer: `https://sts.windows.net/${directory}/` })
    expect(one.token.required).toEqual({ ver: '1.0' })
    expect(one.keys).toMatchObject({
      metadataUrls: [`${login}/${directory}/.well-known/openid-configuration`],
      origins: [login],
    })
  })

  it('may give the tokens of one directory one tenant', () => {
    const issuer = `${login}/${directory}/v2.0`
    expect(read({ ...entra, issuer, tenant: { slug: 'acme' } }).tenant).toEqual({ kind: 'fixed', tenant: 'acme' })
  })

  it.each([
    [`${login}/common/v2.0`, `${login}/{tid}/v2.0`, `${login}/common/v2.0/.well-known/openid-configuration`],
    [`${login}/{tid}/v2.0`, `${login}/{tid}/v2.0`, `${login}/common/v2.0/.well-known/openid-configuration`],
    [`${login}/{tenantid}/v2.0`, `${login}/{tid}/v2.0`, `${login}/common/v2.0/.well-known/openid-configuration`],
    [
      `${login}/organizations/v2.0`,
      `${login}/{tid}/v2.0`,
      `${login}/organizations/v2.0/.well-known/openid-configuration`,
    ],
    [`${login}/common`, 'https://sts.windows.net/{tid}/', `${login}/common/.well-known/openid-configuration`],
    [
      'https://sts.windows.net/common/',
      'https://sts.windows.net/{tid}/',
      `${login}/common/.well-known/openid-configuration`,
    ],
    [
      `${login}/consumers/v2.0`,
      `${login}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`,
      `${login}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0/.well-known/openid-configuration`,
    ],
  ])('takes %s, which is shared, by tid alone', (issuer, name, metadataUrl) => {
    const shared = read({ ...entra, issuer, tenant: { claim: 'tid' } })
    expect(shared.issuer).toBe(name)
    expect(shared.keys).toMatchObject({ metadataUrls: [metadataUrl] })
    expect(shared.claims.email).toEqual([])
    expect(refusalOf({ ...entra, issuer, tenant: { claim: 'org' } })).toContain("tenant has to be { claim: 'tid' }")
    expect(refusalOf({ ...entra, issuer, tenant: { slug: 'acme' } })).toContain("tenant has to be { claim: 'tid' }")
    const generic = { issuer, preset: 'generic', tenant: { claim: 'tid' }, audience: 'a' }
    expect(refusalOf(generic)).toContain("preset has to be 'entra'")
  })

  it.each([
    `${login}/${directory}`,
    `${login}/${directory}/v2.0/`,
    `${login}/${directory.toUpperCase().replaceAll('1', 'A')}/v2.0`,
    `${login}/acme.onmicrosoft.com/v2.0`,
    `${login}/`,
    `${login}/common/v1.0`,
    `https://sts.windows.net/${directory}`,
  ])('refuses %s, which no token says', (issuer) => {
    expect(refusalOf({ ...entra, issuer })).toContain('is not as the tokens of Entra ID say it')
  })

  it('refuses the URL of a resource as audience in version 2.0, whose tokens never have one', () => {
    expect(refusalOf({ ...entra, issuer: `${login}/${directory}/v2.0`, audience: 'resource' })).toContain(
      'is a client id',
    )
    expect(read({ ...entra, issuer: `https://sts.windows.net/${directory}/`, audience: 'resource' })).toBeDefined()
  })

  it('refuses one directory beside all of them', () => {
    const all = written({ ...entra, issuer: `${login}/common/v2.0`, tenant: { claim: 'tid' } })
    const one = written({ ...entra, issuer: `${login}/${directory}/v2.0` })
    expect(refusalOfAll([all, one])).toContain('both say whom the tokens of one directory are for')
    expect(refusalOfAll([one, all])).toContain('both say whom the tokens of one directory are for')
  })

  it('stands for directories only, by their ids', () => {
    const trusted = `${login}/{tid}/v2.0`
    expect(isIssuer(trusted, `${login}/${directory}/v2.0`)).toBe(true)
    for (const other of ['common', '', '../x', `${directory}/x`, directory.replace('1', 'A'), '{tid}', '{tid}x']) {
      expect(isIssuer(trusted, `${login}/${other}/v2.0`)).toBe(false)
    }
    expect(isIssuer(trusted, `https://evil.example/${directory}/v2.0`)).toBe(false)
    expect(isIssuer('https://a.example', 'https://a.example/')).toBe(false)
  })
})
