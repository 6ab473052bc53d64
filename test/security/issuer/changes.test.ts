import { describe, expect, it } from '@jest/globals'
import { withIssuer, type IssuerBench } from '../../support/issuer-bench.js'

const clientOf = ({ issuer }: IssuerBench): Readonly<Record<string, string>> => {
  const { clientId, clientSecret } = issuer
  return { clientId, clientSecret }
}

describe('what goes on by a token of an issuer', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['its audience', { audience: 'https://elsewhere.example' }],
    ['its algorithms', { algorithms: ['RS256'] }],
    ['where its tenant stands', { tenant: { claim: 'org' } }],
  ])('proves nothing any more once trust in the issuer has changed: %s', (_what, change) =>
    withIssuer({}, async (bench) => {
      const { proof } = await bench.verifier.verify(bench.issuer.sign(), bench.resource)
      expect(await proof?.stands()).toBe(true)
      bench.book.trust(bench.trusted(change))
      expect(await proof?.stands()).toBe(false)
    }),
  )

  it('proves nothing any more once the issuer is not trusted, and nobody is asked', () =>
    withIssuer({}, async (bench) => {
      bench.book.trust(bench.trusted({ introspection: clientOf(bench) }))
      const signed = await bench.verifier.verify(bench.issuer.sign(), bench.resource)
      const opaque = await bench.verifier.verify(bench.issuer.opaque.issue(), bench.resource)
      bench.book.trust()
      bench.clock.advance(61)
      const asked = bench.issuer.requests.length
      expect(await signed.proof?.stands()).toBe(false)
      expect(await opaque.proof?.stands()).toBe(false)
      expect(bench.issuer.requests).toHaveLength(asked)
    }))

  it('goes on where trust in another issuer has changed', () =>
    withIssuer({}, (other) =>
      withIssuer({}, async (bench) => {
        bench.book.trust(bench.trusted({ introspection: clientOf(bench) }), other.trusted())
        const signed = await bench.verifier.verify(bench.issuer.sign(), bench.resource)
        const opaque = await bench.verifier.verify(bench.issuer.opaque.issue(), bench.resource)
        bench.book.trust(bench.trusted({ introspection: clientOf(bench) }))
        expect(await signed.proof?.stands()).toBe(true)
        expect(await opaque.proof?.stands()).toBe(true)
      }),
    ))
})

describe('a clock that is set back', () => {
  it('makes a token that is not valid yet of one that was, though it is remembered', () =>
    withIssuer({}, async (bench) => {
      const now = bench.clock.seconds
      const token = bench.issuer.sign({ claims: { iat: now - 3600, nbf: now, exp: now + 600 } })
      expect(await bench.outcomeOf(token)).toBe('accepted')
      bench.clock.advance(-61)
      expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_CLAIMS')
    }))
})
