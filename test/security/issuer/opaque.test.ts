import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import type { HostileIssuer } from '../../support/hostile-issuer.js'
import { IssuerBench, withIssuer } from '../../support/issuer-bench.js'

/** An issuer whose tokens have to be looked up (RFC 7662). */
function withLookUp(
  options: Readonly<Record<string, unknown>>,
  work: (bench: IssuerBench) => Promise<void>,
): Promise<void> {
  return withIssuer({}, async (bench) => {
    bench.book.trust(bench.trusted({ introspection: clientOf(bench.issuer), ...options }))
    await work(bench)
  })
}

function clientOf({ clientId, clientSecret }: HostileIssuer): {
  readonly clientId: string
  readonly clientSecret: string
} {
  return { clientId, clientSecret }
}

const asked = ({ issuer }: IssuerBench): number => issuer.askedFor(issuer.paths.introspection)

describe('a token that only its issuer can read (RFC 7662)', () => {
  it('is accepted where the issuer vouches for it, as far as it says', () =>
    withLookUp({}, async (bench) => {
      const verified = await bench.verifier.verify(bench.issuer.opaque.issue(), bench.resource)
      expect(verified).toMatchObject({
        issuer: bench.issuer.issuer,
        subject: 'user-1',
        clientId: 'client-1',
        tenantClaim: 'acme',
        asserted: { scopes: ['mcp', 'read'] },
        grantDigest: undefined,
      })
    }))

  it('is refused where nobody may be asked', () =>
    withIssuer({}, async (bench) => {
      expect(await bench.outcomeOf(bench.issuer.opaque.issue())).toBe('ERR_TOKEN_MALFORMED')
      expect(bench.issuer.requests).toEqual([])
    }))

  it('is refused when the issuer does not know it', () =>
    withLookUp({}, async (bench) => {
      expect(await bench.outcomeOf(randomBytes(24).toString('base64url'))).toBe('ERR_TOKEN_REVOKED')
    }))

  it.each<[Readonly<Record<string, unknown>>, string]>([
    [{ active: 'true' }, 'ERR_TOKEN_REVOKED'],
    [{ active: 1 }, 'ERR_TOKEN_REVOKED'],
    [{ active: undefined }, 'ERR_TOKEN_REVOKED'],
    [{ token_type: 'DPoP' }, 'ERR_TOKEN_REVOKED'],
    [{ token_use: 'refresh_token' }, 'ERR_TOKEN_REVOKED'],
    [{ token_use: 'access_token' }, 'accepted'],
    [{ token_type: undefined }, 'accepted'],
    [{ token_type: 'bearer' }, 'accepted'],
    [{ aud: 'https://other.example' }, 'ERR_TOKEN_AUDIENCE'],
    [{ aud: undefined }, 'ERR_TOKEN_AUDIENCE'],
    [{ aud: ['https://mcp.example/mcp', 'https://other.example'] }, 'ERR_TOKEN_AUDIENCE'],
    [{ iss: 'https://other.example' }, 'ERR_TOKEN_ISSUER'],
    [{ iss: undefined }, 'accepted'],
    [{ exp: 1 }, 'ERR_TOKEN_CLAIMS'],
    [{ exp: '2000000000' }, 'ERR_TOKEN_CLAIMS'],
    [{ exp: undefined, iat: undefined }, 'accepted'],
    [{ sub: undefined }, 'ERR_TOKEN_CLAIMS'],
    [{ client_id: undefined }, 'ERR_TOKEN_CLAIMS'],
    [{ tenant_id: undefined }, 'ERR_TOKEN_CLAIMS'],
    [{ cnf: { jkt: 'x' } }, 'ERR_TOKEN_TYPE'],
    [{ nonce: 'n' }, 'ERR_TOKEN_TYPE'],
    [{ scope: ['read'] }, 'accepted'],
    [{ scope: 'read  write' }, 'ERR_TOKEN_CLAIMS'],
  ])('with %j in the answer: %s', (answer, outcome) =>
    withLookUp({}, async (bench) => {
      bench.issuer.opaque.introspection = answer
      expect(await bench.outcomeOf(bench.issuer.opaque.issue())).toBe(outcome)
    }),
  )

  it('is looked up once a minute, once for all who ask at the same time', () =>
    withLookUp({}, async (bench) => {
      const token = bench.issuer.opaque.issue()
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => bench.outcomeOf(token)))
      expect(new Set(outcomes)).toEqual(new Set(['accepted']))
      expect(asked(bench)).toBe(1)
      bench.clock.advance(59)
      expect(await bench.outcomeOf(token)).toBe('accepted')
      expect(asked(bench)).toBe(1)
      bench.clock.advance(1)
      expect(await bench.outcomeOf(token)).toBe('accepted')
      expect(asked(bench)).toBe(2)
    }))

  it('is refused within a minute of its revocation, and what goes on for it ends', () =>
    withLookUp({}, async (bench) => {
      const token = bench.issuer.opaque.issue()
      const { proof } = await bench.verifier.verify(token, bench.resource)
      bench.issuer.opaque.revoke(token)
      bench.clock.advance(60)
      expect(await proof?.stands()).toBe(false)
      expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_REVOKED')
    }))

  it('ends with its own exp, however short ago it was looked up', () =>
    withLookUp({}, async (bench) => {
      const token = bench.issuer.opaque.issue({ exp: bench.clock.seconds + 10 })
      expect(await bench.outcomeOf(token)).toBe('accepted')
      bench.clock.advance(71)
      expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_EXPIRED')
    }))

  it('does not flood the issuer, whatever tokens are made up', () =>
    withLookUp({}, async (bench) => {
      let most = 0
      let open = 0
      bench.issuer.behave(bench.issuer.paths.introspection, (_request, response) => {
        open += 1
        most = Math.max(most, open)
        setTimeout(() => {
          open -= 1
          response.writeHead(200, { 'content-type': 'application/json' }).end('{"active":false}')
        }, 5)
      })
      const made = Array.from({ length: 100 }, () => bench.outcomeOf(randomBytes(24).toString('base64url')))
      expect(new Set(await Promise.all(made))).toEqual(new Set(['ERR_TOKEN_REVOKED']))
      expect(most).toBeLessThanOrEqual(8)
      const again = randomBytes(24).toString('base64url')
      const before = asked(bench)
      await bench.outcomeOf(again)
      await bench.outcomeOf(again)
      expect(asked(bench)).toBe(before + 1)
    }))

  it.each(['status-500', 'cut', 'garbage', 'html', 'empty', 'huge', 'redirect', 'hang'] as const)(
    'is not judged while the issuer answers with %s: that is an outage',
    (fault) =>
      withLookUp({}, async (bench) => {
        bench.issuer.behave(bench.issuer.paths.introspection, fault)
        const token = bench.issuer.opaque.issue()
        expect(await bench.outcomeOf(token)).toBe('ERR_IDP_UNAVAILABLE')
        bench.issuer.behave(bench.issuer.paths.introspection, 'ok')
        expect(await bench.outcomeOf(token)).toBe('accepted')
      }),
  )

  it('is not judged by an issuer that refuses our client, and the log says so', () =>
    withIssuer({}, async (bench) => {
      const introspection = { ...clientOf(bench.issuer), clientSecret: 'wrong' }
      bench.book.trust(bench.trusted({ introspection }))
      expect(await bench.outcomeOf(bench.issuer.opaque.issue())).toBe('ERR_IDP_UNAVAILABLE')
      expect(bench.logged).toContain('a token could not be looked up at its issuer')
    }))

  it('that cannot be looked up is in the log once in ten seconds, however many are invented', () =>
    withLookUp({}, async (bench) => {
      bench.issuer.behave(bench.issuer.paths.introspection, 'status-500')
      const invented = (): Promise<string> => bench.outcomeOf(randomBytes(24).toString('base64url'))
      for (let at = 0; at < 20; at += 1) expect(await invented()).toBe('ERR_IDP_UNAVAILABLE')
      expect(bench.logged).toEqual(['a token could not be looked up at its issuer'])
      bench.clock.advance(10)
      await invented()
      expect(bench.logged).toHaveLength(2)
    }))

  it('is sent to nobody but the issuer that its beginning names', () =>
    withIssuer({}, (other) =>
      withIssuer({}, async (bench) => {
        bench.book.trust(
          bench.trusted({ introspection: { ...clientOf(bench.issuer), tokenPrefix: 'one_' } }),
          other.trusted({ introspection: { ...clientOf(other.issuer), tokenPrefix: 'two_' } }),
        )
        expect(await bench.outcomeOf(bench.issuer.opaque.issue({}, 'one_'))).toBe('accepted')
        expect(other.issuer.requests).toEqual([])
        expect(await bench.outcomeOf(bench.issuer.opaque.issue({}, 'two_'))).toBe('ERR_TOKEN_REVOKED')
        expect(await bench.outcomeOf(bench.issuer.opaque.issue({}, 'six_'))).toBe('ERR_TOKEN_MALFORMED')
      }),
    ))

  it.each(['eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d', 'eyJ', 'eyJhbGciOiJub25lIn0..'])(
    'is nothing that begins like a JWT: %s',
    (token) =>
      withLookUp({}, async (bench) => {
        expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_MALFORMED')
        expect(asked(bench)).toBe(0)
      }),
  )

  it('stands beside JWTs of the same issuer', () =>
    withLookUp({}, async (bench) => {
      expect(await bench.outcome()).toBe('accepted')
      expect(asked(bench)).toBe(0)
    }))
})

describe("Google's access tokens", () => {
  /** As Google is trusted, with its endpoints on this computer. */
  function withGoogle(work: (bench: IssuerBench) => Promise<void>): Promise<void> {
    return withIssuer({}, async (bench) => {
      const { issuer } = bench
      const trusted = bench.trusted({
        ...{ audience: 'client-1', tenant: { claim: 'hd' }, claims: { clientId: 'azp' } },
        introspection: clientOf(issuer),
      })
      const { origin, paths } = issuer
      const introspection = {
        kind: 'google',
        ...{ clientId: '', clientSecret: '', tokenPrefix: 'ya29.' },
        ...{ url: origin + paths.tokeninfo, userinfoUrl: origin + paths.userinfo },
      } as const
      bench.book.trust({ ...trusted, introspection })
      await work(bench)
    })
  }

  it('are looked up in both places: for whom they are, and of which domain', () =>
    withGoogle(async (bench) => {
      const token = bench.issuer.opaque.issue({ hd: 'acme.example' }, 'ya29.')
      expect(await bench.verifier.verify(token, bench.resource)).toMatchObject({
        subject: 'user-1',
        clientId: 'client-1',
        tenantClaim: 'acme.example',
        email: 'ada@acme.example',
      })
    }))

  it.each<[string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]>([
    ['another client', { aud: 'other', azp: 'other' }, {}],
    ['no domain', {}, { hd: undefined }],
    ['somebody else in the second answer', {}, { sub: 'user-2' }],
    ['an exp that is no number', { exp: 'soon' }, {}],
    ['no exp', { exp: undefined }, {}],
    ['an end that has passed', { exp: '1' }, {}],
  ])('are refused with %s', (_what, tokeninfo, userinfo) =>
    withGoogle(async (bench) => {
      bench.issuer.opaque.tokeninfo = tokeninfo
      bench.issuer.opaque.userinfo = userinfo
      const token = bench.issuer.opaque.issue({ hd: 'acme.example' }, 'ya29.')
      expect(await bench.outcomeOf(token)).toMatch(/^ERR_TOKEN_/)
    }),
  )

  it('are refused where they do not say who their user is, which is no fault of the issuer', () =>
    withGoogle(async (bench) => {
      const { issuer } = bench
      issuer.behave(issuer.paths.userinfo, (_request, response) => response.writeHead(403).end())
      expect(await bench.outcomeOf(issuer.opaque.issue({ hd: 'acme.example' }, 'ya29.'))).toBe('ERR_TOKEN_REVOKED')
    }))

  it('take the domain from nowhere but the second answer', () =>
    withGoogle(async (bench) => {
      bench.issuer.opaque.tokeninfo = { hd: 'evil.example' }
      const token = bench.issuer.opaque.issue({}, 'ya29.')
      expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_CLAIMS')
    }))
})
