import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { challengeIn, ResourceServer, type TokenChanges } from '../support/resource-server.js'

let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterAll(() => server.close())

const refuses = async (changes: TokenChanges): Promise<void> => {
  const answer = await server.askWith(changes)
  expect(answer.status).toBe(401)
  expect(challengeIn(answer)).toMatchObject({ error: 'invalid_token' })
}

describe('RFC 9068 §2 JWT Access Token Header and Data Structure', () => {
  it.each(['at+jwt', 'application/at+jwt', 'AT+JWT'])('§2.1 takes the type %s', async (typ) => {
    expect((await server.askWith({ header: { typ } })).status).toBe(200)
  })

  it.each([undefined, 'JWT', 'jwt', 'logout+jwt', 'at+jwt;v=1', '', ['at+jwt']])(
    '§2.1 refuses the type %j',
    async (typ) => {
      await refuses({ header: { typ } })
    },
  )

  it.each(['none', 'HS256', 'RS256', 'ES384', 'es256', undefined])(
    '§2.1 refuses the algorithm %j of a key that has another',
    async (alg) => {
      await refuses({ header: { alg } })
    },
  )

  it.each(['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'])('§2.2 refuses a token without %s', async (claim) => {
    await refuses({ claims: { [claim]: undefined } })
  })

  it.each([
    ['iss', ['x']],
    ['exp', 'tomorrow'],
    ['aud', 7],
    ['aud', []],
    ['sub', ''],
    ['sub', 7],
    ['client_id', null],
    ['iat', '0'],
    ['jti', {}],
  ])('§2.2 refuses a token whose %s is %j', async (claim, value) => {
    await refuses({ claims: { [claim]: value } })
  })

  it('§2.2.1 takes no token that says of itself that it is about a sign-in', async () => {
    for (const claim of ['nonce', 'at_hash', 'c_hash', 's_hash']) await refuses({ claims: { [claim]: 'x' } })
  })

  it('§2.2.3 goes by the scopes of the token: what they do not say is not there, whatever the account has', async () => {
    const authorization = `Bearer ${server.token({ claims: { scope: 'mcp' } })}`
    expect(await server.list({ authorization })).toEqual(['status', 'whoami', 'write'])
    expect(await server.list()).toEqual(['status', 'whoami', 'read', 'write', 'hide'])
  })

  it('§2.2.3 gives nobody a scope that only the token says', async () => {
    const authorization = `Bearer ${server.token({ claims: { scope: 'mcp read write launch' } }, 'grace@acme.test')}`
    expect(await server.list({ authorization })).toEqual(['status', 'whoami', 'read'])
  })

  it('§2.2.3.1 gives nobody a role that only the token says', async () => {
    const authorization = `Bearer ${server.token({ claims: { roles: ['admin'] } })}`
    expect(await server.list({ authorization })).not.toContain('admin_panel')
  })
})
