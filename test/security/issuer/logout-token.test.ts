import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { AuthSecError } from '../../../src/core/error/auth-sec-error.js'
import type { IssuedToken } from '../../support/hostile-issuer.js'
import { IssuerBench, withIssuer } from '../../support/issuer-bench.js'
import { createIssuerKey, signAs } from '../../support/issuer-key.js'

let bench: IssuerBench

beforeAll(async () => {
  bench = await IssuerBench.start({ options: { logoutClientId: 'resource-server' } })
})
afterAll(() => bench.close())

async function outcomeOf(token: string, at = bench): Promise<string> {
  try {
    await at.verifier.logouts.verify(token)
    return 'accepted'
  } catch (error) {
    if (error instanceof AuthSecError) return String(error.code)
    throw error
  }
}

const outcome = (token: IssuedToken = {}): Promise<string> => outcomeOf(bench.issuer.signLogout(token))
const event = 'http://schemas.openid.net/event/backchannel-logout'

describe('a logout token (OpenID Connect Back-Channel Logout §2.4, §2.6)', () => {
  it('says whose session has ended', async () => {
    const token = bench.issuer.signLogout({ claims: { jti: 'one' } })
    expect(await bench.verifier.logouts.verify(token)).toEqual({
      issuer: bench.issuer.issuer,
      subject: 'user-1',
      sessionId: 'session-1',
      issuedAt: bench.clock.seconds,
      tokenId: 'one',
    })
  })

  it.each([
    { sub: undefined },
    { sid: undefined },
    { exp: undefined },
    { aud: ['resource-server', 'other'] },
    { events: { [event]: {}, 'https://other.example/event': {} } },
  ])('may say %j', async (claims) => {
    expect(await outcome({ claims })).toBe('accepted')
  })

  it.each([{ typ: 'logout+jwt' }, { typ: 'JWT' }, { typ: undefined }])('may be of the type %j', async (header) => {
    expect(await outcome({ header })).toBe('accepted')
  })

  it.each<[Readonly<Record<string, unknown>>, string]>([
    [{ sub: undefined, sid: undefined }, 'ERR_TOKEN_CLAIMS'],
    [{ sub: 7 }, 'ERR_TOKEN_CLAIMS'],
    [{ sid: ['x'] }, 'ERR_TOKEN_CLAIMS'],
    [{ jti: undefined }, 'ERR_TOKEN_CLAIMS'],
    [{ iat: undefined }, 'ERR_TOKEN_CLAIMS'],
    [{ iat: undefined, exp: undefined }, 'ERR_TOKEN_CLAIMS'],
    [{ iat: 1_000_000_000, exp: undefined }, 'ERR_TOKEN_EXPIRED'],
    [{ exp: 1_000_000_000, iat: 999_999_000 }, 'ERR_TOKEN_EXPIRED'],
    [{ nonce: 'n' }, 'ERR_TOKEN_TYPE'],
    [{ events: undefined }, 'ERR_TOKEN_TYPE'],
    [{ events: {} }, 'ERR_TOKEN_TYPE'],
    [{ events: [event] }, 'ERR_TOKEN_TYPE'],
    [{ events: { [event]: true } }, 'ERR_TOKEN_TYPE'],
    [{ events: { [`${event}/`]: {} } }, 'ERR_TOKEN_TYPE'],
    [{ aud: 'other' }, 'ERR_TOKEN_AUDIENCE'],
    [{ aud: undefined }, 'ERR_TOKEN_AUDIENCE'],
    [{ aud: 'https://mcp.example/mcp' }, 'ERR_TOKEN_AUDIENCE'],
    [{ iss: 'https://other.example' }, 'ERR_TOKEN_ISSUER'],
  ])('is refused with %j: %s', async (claims, code) => {
    expect(await outcome({ claims })).toBe(code)
  })

  it.each([{ typ: 'at+jwt' }, { typ: 'secevent+jwt' }, { typ: 7 }])('is refused as %j', async (header) => {
    expect(await outcome({ header })).toBe('ERR_TOKEN_TYPE')
  })

  it('is refused without the signature of its issuer', async () => {
    const stranger = createIssuerKey('ES256', bench.issuer.key.kid)
    expect(await outcome({ signature: (input) => signAs(stranger, input) })).toBe('ERR_TOKEN_SIGNATURE')
    expect(await outcome({ header: { alg: 'none' } })).toBe('ERR_TOKEN_SIGNATURE')
    expect(await outcome({ header: { alg: 'none' }, signature: new Uint8Array(0) })).toBe('ERR_TOKEN_MALFORMED')
  })

  it('is nothing that an access token could be, nor the other way round', async () => {
    expect(await outcomeOf(bench.issuer.sign())).not.toBe('accepted')
    expect(await bench.outcomeOf(bench.issuer.signLogout())).not.toBe('accepted')
  })

  it('is refused of an issuer at which we are no client', () =>
    withIssuer({}, async (other) => {
      expect(await outcomeOf(other.issuer.signLogout(), other)).toBe('ERR_TOKEN_AUDIENCE')
      expect(await outcomeOf(other.issuer.signLogout({ claims: { aud: '' } }), other)).toBe('ERR_TOKEN_AUDIENCE')
    }))
})
