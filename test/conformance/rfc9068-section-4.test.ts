import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { challengeIn, ResourceServer, type TokenChanges } from '../support/resource-server.js'

let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterAll(() => server.close())

const now = (): number => Math.floor(Date.now() / 1000)

const refuses = async (changes: TokenChanges): Promise<void> => {
  const answer = await server.askWith(changes)
  expect(answer.status).toBe(401)
  expect(challengeIn(answer)).toMatchObject({ error: 'invalid_token' })
}

describe('RFC 9068 §4 Validating JWT Access Tokens', () => {
  it('§4 takes a token of the issuer for the resource', async () => {
    expect((await server.askWith({})).status).toBe(200)
  })

  it.each([
    ['another issuer', () => 'https://issuer.test'],
    ['the issuer with a slash', () => `${server.issuer}/`],
    ['the issuer in capitals', () => server.issuer.toUpperCase()],
    ['the origin alone', () => server.origin],
  ])('§4 refuses %s: it must be the same byte for byte', async (_what, iss) => {
    await refuses({ claims: { iss: iss() } })
  })

  it.each([
    ['another resource', () => 'https://other.test/mcp'],
    ['the other path of this server', () => `${server.origin}/mcp/oauth`],
    ['the origin', () => server.origin],
    ['the resource with a slash', () => `${server.resource}/`],
    ['a part of the resource', () => server.resource.slice(0, -1)],
    ['the resource and another one', () => [server.resource, 'https://other.test/mcp']],
    ['the client', () => 'conformance'],
  ])('§4 refuses the audience of %s', async (_what, aud) => {
    await refuses({ claims: { aud: aud() } })
  })

  it('§4 refuses what another key has signed', async () => {
    await refuses({ key: 'foreign' })
  })

  it('§4 refuses a token that was changed after it was signed', async () => {
    const [header, , signature] = server.token().split('.')
    const payload = Buffer.from(JSON.stringify({ ...server.claims(), scope: 'mcp read write launch' })).toString(
      'base64url',
    )
    const answer = await server.ask({ authorization: `Bearer ${header}.${payload}.${signature}` })
    expect(challengeIn(answer)).toMatchObject({ error: 'invalid_token' })
  })

  it('§4 refuses an unsigned token', async () => {
    const [, payload] = server.token().split('.')
    const header = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    for (const signature of ['', 'x']) {
      const answer = await server.ask({ authorization: `Bearer ${header}.${payload}.${signature}` })
      expect(answer.status).toBe(401)
    }
  })

  it('§4 refuses a token from its expiry on, with no more leeway than a minute', async () => {
    await refuses({ claims: { iat: now() - 600, exp: now() - 61 } })
    expect((await server.askWith({ claims: { iat: now() - 600, exp: now() + 30 } })).status).toBe(200)
  })

  it('§4 refuses a token from the future, and one that is not valid yet', async () => {
    await refuses({ claims: { iat: now() + 300, exp: now() + 600 } })
    await refuses({ claims: { nbf: now() + 300 } })
  })

  it('§4 refuses a token that lives longer than any that the issuer makes', async () => {
    await refuses({ claims: { iat: now(), exp: now() + 365 * 86_400 } })
  })

  it('§5 takes no key that the token brings or points to', async () => {
    const jwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
    for (const header of [
      { jku: 'https://evil.test/jwks' },
      { x5u: 'https://evil.test/x' },
      { jwk },
      { crit: ['exp'] },
    ]) {
      await refuses({ header })
    }
  })

  it('§6 tells nobody why, and repeats nothing of the token', async () => {
    const answer = await server.askWith({ claims: { aud: 'https://other.test/marker', sub: 'marker' } })
    expect(answer.text).not.toContain('marker')
    expect(answer.headers['www-authenticate']).not.toContain('marker')
  })
})
