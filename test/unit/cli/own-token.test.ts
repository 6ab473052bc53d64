import { describe, expect, it } from '@jest/globals'
import { accessTokenClaims, baseScope } from '../../../src/adapter/issuer/provider/access-token-claims.js'
import { readAccessTokenClaims } from '../../../src/adapter/token/own/access-token-claims.js'
import { askedScopes, ownToken } from '../../../src/app/access/own-token.js'
import { account } from '../core/permission/samples.js'

const ana = account({
  roles: ['admin'],
  groups: ['board'],
  scopes: ['read', 'write', 'two words', '"quoted"'],
  resources: ['reports'],
  permissions: ['invoice:pay'],
})

/** What the server reads out of a token that is minted for an account with these scopes. */
function readBack(consented: readonly string[]) {
  const [issuer, resource, issuedAt] = ['https://a.test/oauth', 'https://a.test/mcp', 1_000]
  const claims = accessTokenClaims({
    ...{ issuer, audience: resource, consented, issuedAt, expiresAt: issuedAt + 60 },
    ...{ clientId: 'c', methods: ['pwd'], grantDigest: 'g', tokenId: 't' },
    principal: { tenant: { id: '1', slug: 'acme', name: 'Acme' }, account: ana },
  })
  const { scope, iss, aud, sub, exp, iat, jti, client_id, tenant_id, gid, roles, groups, resources, amr } = claims
  const json = { scope, iss, aud, sub, exp, iat, jti, client_id, tenant_id, gid }
  const lists = { roles: [...roles], groups: [...groups], resources: [...resources], amr: [...amr] }
  return readAccessTokenClaims({ ...json, ...lists }, { issuer, resource, now: issuedAt, skew: 0, maxLifetime: 60 })
}

describe('what commands take a token to say', () => {
  it('is what the server reads out of one that was minted', () => {
    expect(ownToken(ana)).toEqual(readBack([baseScope, ...ana.grants.scopes]).asserted)
    expect(ownToken(ana).scopes).toEqual(['mcp', 'read', 'write'])
    expect(ownToken(ana)).not.toHaveProperty('permissions')
  })

  it('is capped by the scopes that are asked for', () => {
    const asked = askedScopes(ana, ' read  mcp')
    expect(asked).toEqual(['read', 'mcp'])
    expect(ownToken(ana, asked)).toEqual(readBack([baseScope, 'read']).asserted)
    expect(ownToken(ana, []).scopes).toEqual(['mcp'])
    expect(askedScopes(ana, undefined)).toBeUndefined()
  })

  it('is nothing with a scope that the account does not have', () => {
    expect(() => askedScopes(ana, 'read admin')).toThrow(/does not have: admin\. It has: read, write/)
  })
})
