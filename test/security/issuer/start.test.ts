import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createTokenVerifier } from '../../../src/adapter/token/create-token-verifier.js'
import { KeySet, remoteTimes } from '../../../src/adapter/token/key/key-set.js'
import { MemoryIssuerBook, trustIn, withIssuer } from '../../support/issuer-bench.js'
import { createIssuerKey } from '../../support/issuer-key.js'
import { ManualClock } from '../../support/manual-clock.js'

describe('a start', () => {
  it('does not fail because an issuer is slow', async () => {
    const keys = new KeySet({
      ...{ issuer: 'https://slow.example', algorithms: ['ES256'], clock: new ManualClock() },
      times: { ...remoteTimes, loadWithin: 10 },
      source: { load: () => new Promise(() => undefined) },
    })
    await expect(keys.warmUp()).rejects.toMatchObject({ name: 'UpstreamError', code: 'ERR_IDP_UNAVAILABLE' })
  })

  it('says which issuer it is that has too many keys', () =>
    withIssuer({}, async (bench) => {
      const { publicJwk } = bench.issuer.key
      bench.issuer.jwks = { keys: Array.from({ length: 101 }, () => ({ ...publicJwk, kid: randomUUID() })) }
      await expect(bench.verifier.warmUp()).rejects.toMatchObject({
        code: 'ERR_CONFIG_ISSUER',
        message: expect.stringMatching(new RegExp(`${bench.issuer.issuer} .*at most 100 keys`)),
      })
    }))

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['for another algorithm', {}, 'no algorithm that the issuer is trusted with goes with it'],
    ['for encryption', { use: 'enc' }, 'it is not for signatures'],
  ])('fails where no key of an issuer can be used, and says why: %s', (_what, members, reason) =>
    withIssuer({ algorithms: ['RS256'] }, async (bench) => {
      bench.issuer.jwks = { keys: [{ ...bench.issuer.key.publicJwk, ...members }] }
      bench.book.trust(bench.trusted({ algorithms: ['ES256'] }))
      await expect(bench.verifier.warmUp()).rejects.toMatchObject({
        code: 'ERR_CONFIG_ISSUER',
        message: expect.stringContaining(reason),
      })
    }),
  )

  it('fails where an issuer has no key at all', () =>
    withIssuer({}, async (bench) => {
      bench.issuer.jwks = { keys: [] }
      await expect(bench.verifier.warmUp()).rejects.toMatchObject({ code: 'ERR_CONFIG_ISSUER' })
    }))

  it('asks for no keys of an issuer whose tokens are never signed', async () => {
    const asked: string[] = []
    const fetch = ({ url }: { readonly url: string }): Promise<never> => {
      asked.push(url)
      return Promise.reject(new TypeError('nobody is there'))
    }
    const book = new MemoryIssuerBook()
    const rules = { preset: 'google', audience: 'client-1', tenant: { claim: 'hd' }, network: undefined }
    book.trust(trustIn({ issuer: 'https://accounts.google.com' }, rules))
    await createTokenVerifier({ others: { book, fetcher: { fetch } }, clock: new ManualClock() }).warmUp()
    expect(asked).toEqual([])
  })
})

describe('the log', () => {
  it('says once that a key is not used, and nothing of keys for encryption', () =>
    withIssuer({}, async (bench) => {
      const encrypts = { ...createIssuerKey('RS256').publicJwk, use: 'enc', alg: 'RSA-OAEP' }
      const weak = { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'weak' }
      bench.issuer.jwks = { keys: [bench.issuer.key.publicJwk, encrypts, weak] }
      for (let minute = 0; minute < 3; minute += 1) {
        expect(await bench.outcome()).toBe('accepted')
        bench.clock.advance(301)
      }
      expect(bench.logged).toEqual(['a key of the issuer is not sound and is not used'])
    }))
})
