import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readIssuer } from '../../../src/core/trust/read-issuer-options.js'
import { HostileIssuer } from '../../support/hostile-issuer.js'
import { IssuerBench, trustIn, withIssuer } from '../../support/issuer-bench.js'

describe('two issuers side by side (J14)', () => {
  let bench: IssuerBench
  let second: HostileIssuer
  const named = (): Readonly<Record<'one' | 'two', HostileIssuer>> => ({ one: bench.issuer, two: second })

  beforeAll(async () => {
    bench = await IssuerBench.start()
    second = await HostileIssuer.start({ now: () => bench.clock.seconds })
    bench.book.trust(bench.trusted(), trustIn(second))
  })
  afterAll(async () => {
    await bench.close()
    await second.close()
  })

  const cells = (['one', 'two'] as const).flatMap((iss) => (['one', 'two'] as const).map((key) => ({ iss, key })))
  it.each(cells)(
    'iss $iss with the key of $key, by its own name, passes only on the diagonal',
    async ({ iss, key }) => {
      const claims = { iss: named()[iss].issuer }
      const outcome = await bench.outcomeOf(named()[key].sign({ claims }))
      expect(outcome).toBe(iss === key ? 'accepted' : 'ERR_TOKEN_SIGNATURE')
    },
  )

  it.each(cells)(
    'iss $iss with the key of $key, under the name of a key of $iss, passes only on the diagonal',
    async ({ iss, key }) => {
      const claims = { iss: named()[iss].issuer }
      const header = { kid: named()[iss].key.kid }
      const outcome = await bench.outcomeOf(named()[key].sign({ claims, header }))
      expect(outcome).toBe(iss === key ? 'accepted' : 'ERR_TOKEN_SIGNATURE')
    },
  )

  it('are two, whatever the same subject, address and tenant they name (O13)', async () => {
    const [one, two] = await Promise.all(
      [bench.issuer, second].map((issuer) => bench.verifier.verify(issuer.sign(), bench.resource)),
    )
    expect([one?.subject, one?.email, one?.tenantClaim]).toEqual([two?.subject, two?.email, two?.tenantClaim])
    expect([one?.issuer, two?.issuer]).toEqual([bench.issuer.issuer, second.issuer])
  })

  it.each(['/', '#', '?', '.', ':80'])(
    'compare byte by byte: the name with %s behind it is another one',
    async (suffix) => {
      expect(await bench.outcome({ claims: { iss: bench.issuer.issuer + suffix } })).toBe('ERR_TOKEN_ISSUER')
    },
  )

  it.each([
    undefined,
    null,
    '',
    7,
    ['http://127.0.0.1'],
    'HTTP://127.0.0.1',
    'https://xn--80ak6aa92e.com',
    '__proto__',
  ])('are not %j', async (iss) => {
    expect(await bench.outcome({ claims: { iss } })).toBe('ERR_TOKEN_ISSUER')
  })
})

describe('trust that changes while the server runs', () => {
  it('ends with the issuer, for tokens that were seen before as well', () =>
    withIssuer({}, async (bench) => {
      const token = bench.issuer.sign()
      expect(await bench.outcomeOf(token)).toBe('accepted')
      bench.book.trust()
      expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_ISSUER')
      bench.book.trust(bench.trusted())
      expect(await bench.outcomeOf(token)).toBe('accepted')
    }))

  it('goes by the new rules at once, for tokens that were seen before as well', () =>
    withIssuer({}, async (bench) => {
      const token = bench.issuer.sign()
      expect(await bench.outcomeOf(token)).toBe('accepted')
      bench.book.trust(bench.trusted({ audience: 'api://tools' }))
      expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_AUDIENCE')
    }))

  it('leaves the keys of an issuer alone whose rules stay', () =>
    withIssuer({}, async (bench) => {
      expect(await bench.outcome()).toBe('accepted')
      bench.book.trust(
        bench.trusted(),
        readIssuer({ issuer: 'https://new.example', audience: 'resource', tenant: { slug: 'acme' } }, 'code'),
      )
      expect(await bench.outcome()).toBe('accepted')
      expect(bench.issuer.askedFor(bench.issuer.paths.jwks)).toBe(1)
    }))
})

describe('a token that was seen before', () => {
  it('is verified once, and no longer honoured than it says', () =>
    withIssuer({}, async (bench) => {
      const token = bench.issuer.sign()
      const first = await bench.verifier.verify(token, bench.resource)
      expect(await bench.verifier.verify(token, bench.resource)).toBe(first)
      bench.clock.advance(659)
      expect(await bench.outcomeOf(token)).toBe('accepted')
      bench.clock.advance(1)
      expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_EXPIRED')
    }))

  it('is verified again where it let nobody in', () =>
    withIssuer({}, async (bench) => {
      const token = bench.issuer.sign()
      const first = await bench.verifier.verify(token, bench.resource)
      bench.verifier.forget?.(token, bench.resource)
      expect(await bench.verifier.verify(token, bench.resource)).not.toBe(first)
    }))

  it('is not yet valid again by a clock that was set back', () =>
    withIssuer({}, async (bench) => {
      const token = bench.issuer.sign()
      expect(await bench.outcomeOf(token)).toBe('accepted')
      bench.clock.advance(-3600)
      expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_CLAIMS')
    }))

  it('proves nothing any more once its key has left', () =>
    withIssuer({}, async (bench) => {
      const verified = await bench.verifier.verify(bench.issuer.sign(), bench.resource)
      expect(await verified.proof?.stands()).toBe(true)
      const first = bench.issuer.key
      bench.issuer.rotate()
      bench.issuer.removeKey(first)
      bench.clock.advance(3600)
      expect(await verified.proof?.stands()).toBe(false)
    }))
})

describe('the issuers of all directories of Entra ID', () => {
  const tid = '11111111-2222-3333-4444-555555555555'
  const other = '99999999-2222-3333-4444-555555555555'

  /** As it is shared there, but on this computer. */
  async function shared(bench: IssuerBench): Promise<(directory: string) => string> {
    const { issuer } = bench.issuer
    const template = `${issuer}/{tid}/v2.0`
    bench.issuer.metadata = { issuer: `${issuer}/{tenantid}/v2.0` }
    const metadataUrls = [`${bench.issuer.origin}${bench.issuer.paths.openidConfiguration}`]
    const trusted = bench.trusted({ types: ['jwt'], tenant: { claim: 'tid' }, claims: { clientId: 'azp' } })
    bench.book.trust({ ...trusted, issuer: template, keys: { kind: 'discovery', metadataUrls, origins: [] } })
    await bench.verifier.warmUp()
    return (directory) => `${issuer}/${directory}/v2.0`
  }

  it('are each its own: iss has to be the one of the directory that tid names', () =>
    withIssuer({}, async (bench) => {
      const issuerOf = await shared(bench)
      const outcome = (iss: string, claim: unknown): Promise<string> =>
        bench.outcome({ header: { typ: 'JWT' }, claims: { iss, tid: claim, azp: 'client' } })
      expect(await outcome(issuerOf(tid), tid)).toBe('accepted')
      expect(await outcome(issuerOf(tid), other)).toBe('ERR_TOKEN_ISSUER')
      expect(await outcome(issuerOf(tid), undefined)).toBe('ERR_TOKEN_ISSUER')
      expect(await outcome(issuerOf('{tid}'), '{tid}')).toBe('ERR_TOKEN_ISSUER')
      expect(await outcome(issuerOf('common'), 'common')).toBe('ERR_TOKEN_ISSUER')
      expect(await outcome(issuerOf(tid.toUpperCase()), tid.toUpperCase())).toBe('accepted')
    }))

  it('name the tenant by the directory, and sign with keys of their own where those say so', () =>
    withIssuer({}, async (bench) => {
      const issuerOf = await shared(bench)
      const claims = { iss: issuerOf(tid), tid, azp: 'client' }
      const token = bench.issuer.sign({ header: { typ: 'JWT' }, claims })
      expect(await bench.verifier.verify(token, bench.resource)).toMatchObject({
        issuer: issuerOf(tid),
        tenantClaim: tid,
      })
      const { publicJwk } = bench.issuer.key
      for (const [issuer, outcome] of [
        [issuerOf('{tenantid}'), 'accepted'],
        [issuerOf(tid), 'accepted'],
        [issuerOf(other), 'ERR_TOKEN_SIGNATURE'],
      ] as const) {
        bench.issuer.jwks = { keys: [{ ...publicJwk, issuer }] }
        await bench.verifier.warmUp()
        expect(await bench.outcome({ header: { typ: 'JWT' }, claims })).toBe(outcome)
      }
    }))
})
