import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { vetKey } from '../../../src/adapter/token/key/verification-key.js'
import { signingAlgorithms } from '../../../src/core/trust/trusted-issuer.js'
import { IssuerBench, trustIn, withIssuer } from '../../support/issuer-bench.js'
import { createIssuerKey } from '../../support/issuer-key.js'

const faults = ['status-500', 'hang', 'cut', 'drip', 'garbage', 'html', 'empty', 'huge', 'redirect', 'gzip'] as const

describe('unknown names of keys', () => {
  it('cause two requests at most, a thousand in a second (J8)', () =>
    withIssuer({}, async (bench) => {
      const tokens = Array.from({ length: 1000 }, () => bench.issuer.sign({ header: { kid: randomUUID() } }))
      const outcomes = new Set<string>()
      for (let at = 0; at < tokens.length; at += 100) {
        const some = await Promise.all(tokens.slice(at, at + 100).map((token) => bench.outcomeOf(token)))
        for (const outcome of some) outcomes.add(outcome)
        bench.clock.advance(0.1)
      }
      expect([...outcomes]).toEqual(['ERR_TOKEN_SIGNATURE'])
      expect(bench.issuer.askedFor(bench.issuer.paths.jwks)).toBeLessThanOrEqual(2)
    }))

  it('do not keep a new key out: it is accepted within 60 s of rotation, under flood (J9, F17)', () =>
    withIssuer({}, async (bench) => {
      expect(await bench.outcome()).toBe('accepted')
      await bench.outcome({ header: { kid: randomUUID() } })
      const next = bench.issuer.rotate()
      let waited = 0
      while ((await bench.outcome({ key: next })) !== 'accepted') {
        await bench.outcome({ header: { kid: randomUUID() } })
        bench.clock.advance(1)
        waited += 1
        expect(waited).toBeLessThanOrEqual(60)
      }
      expect(bench.issuer.askedFor(bench.issuer.paths.jwks)).toBeLessThanOrEqual(8)
    }))

  it('are remembered: the same one causes no second search while it is remembered', () =>
    withIssuer({}, async (bench) => {
      await bench.outcome()
      const token = bench.issuer.sign({ header: { kid: 'unknown' } })
      for (let second = 0; second < 30; second += 1) {
        await bench.outcomeOf(token)
        bench.clock.advance(1)
      }
      expect(bench.issuer.askedFor(bench.issuer.paths.jwks)).toBe(2)
    }))

  it('never cause a request with a token that is refused without a key', () =>
    withIssuer({}, async (bench) => {
      const kid = randomUUID()
      await bench.outcome({ header: { kid }, claims: { aud: 'https://evil.example' } })
      await bench.outcome({ header: { kid }, claims: { exp: 1 } })
      await bench.outcome({ header: { kid, typ: 'JWT' } })
      expect(bench.issuer.requests).toEqual([])
    }))
})

describe('rotation (F17)', () => {
  it('is seen at once when nobody floods, and ends a removed key within two minutes', () =>
    withIssuer({}, async (bench) => {
      const first = bench.issuer.key
      const old = bench.issuer.sign()
      expect(await bench.outcomeOf(old)).toBe('accepted')
      const next = bench.issuer.rotate()
      expect(await bench.outcome({ key: next })).toBe('accepted')
      bench.issuer.removeKey(first)
      let waited = 0
      while ((await bench.outcomeOf(old)) === 'accepted') {
        await bench.verifier.verify(bench.issuer.sign({ key: next }), bench.resource)
        bench.clock.advance(5)
        waited += 5
        expect(waited).toBeLessThanOrEqual(120)
        // What goes on beside the traffic comes to its end.
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      expect(await bench.outcome({ key: next })).toBe('accepted')
      expect(await bench.outcome({ key: first })).toBe('ERR_TOKEN_SIGNATURE')
    }))

  it('makes the first token after a long silence wait for the keys, so that a removed one is refused', () =>
    withIssuer({ options: { maxLifetimeSeconds: 86_400 } }, async (bench) => {
      const claims = { exp: bench.clock.seconds + 80_000 }
      const old = bench.issuer.sign({ claims })
      expect(await bench.outcomeOf(old)).toBe('accepted')
      const first = bench.issuer.key
      bench.issuer.rotate()
      bench.issuer.removeKey(first)
      bench.clock.advance(3600)
      expect(await bench.outcomeOf(old)).toBe('ERR_TOKEN_SIGNATURE')
    }))
})

describe('an issuer that does not answer', () => {
  it.each(faults)('with %s is an outage, not a refusal, while no key is known', (fault) =>
    withIssuer({}, async (bench) => {
      bench.issuer.behave(bench.issuer.paths.jwks, fault)
      expect(await bench.outcome()).toBe('ERR_AUTH_UNAVAILABLE')
      bench.issuer.behave(bench.issuer.paths.jwks, 'ok')
      bench.clock.advance(5)
      expect(await bench.outcome()).toBe('accepted')
    }),
  )

  it.each(faults)('with %s leaves known keys working for a day, and says so in the log (F16)', (fault) =>
    withIssuer({}, async (bench) => {
      expect(await bench.outcome()).toBe('accepted')
      bench.issuer.behave(bench.issuer.paths.jwks, fault)
      for (const seconds of [61, 600, 3600, 80_000]) {
        bench.clock.advance(seconds)
        expect(await bench.outcome()).toBe('accepted')
      }
      expect(await bench.outcome({ header: { kid: randomUUID() } })).toBe('ERR_AUTH_UNAVAILABLE')
      expect(bench.logged).toContain('the keys of the issuer could not be loaded')
      bench.clock.advance(10_000)
      expect(await bench.outcome()).toBe('ERR_AUTH_UNAVAILABLE')
    }),
  )

  it('holds no other issuer up (F18)', () =>
    withIssuer({}, (slow) =>
      withIssuer({}, async (quick) => {
        slow.book.trust(slow.trusted(), trustIn(quick.issuer))
        slow.issuer.behave(slow.issuer.paths.openidConfiguration, 'hang')
        slow.issuer.behave(slow.issuer.paths.authorizationServer, 'hang')
        const order: string[] = []
        const waiting = Array.from({ length: 50 }, () => slow.outcome().then((outcome) => order.push(outcome)))
        quick.clock.advance((slow.clock.now() - quick.clock.now()) / 1000)
        expect(await slow.outcomeOf(quick.issuer.sign())).toBe('accepted')
        expect(order).toEqual([])
        await Promise.all(waiting)
        expect(new Set(order)).toEqual(new Set(['ERR_AUTH_UNAVAILABLE']))
      }),
    ))
})

describe('metadata of an issuer (RFC 8414 §3.3, O8)', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['another issuer', { issuer: 'https://other.example' }],
    ['no issuer', { issuer: undefined }],
    ['an issuer in a list', { issuer: ['https://other.example'] }],
    ['keys on another origin', { jwks_uri: 'https://keys.example/jwks' }],
    ['keys behind another scheme', { jwks_uri: 'javascript:alert(1)' }],
    ['keys in a file', { jwks_uri: 'file:///etc/passwd' }],
    ['no keys', { jwks_uri: undefined }],
    ['keys that are a number', { jwks_uri: 7 }],
  ])('with %s stops the start and gives no key', (_what, metadata) =>
    withIssuer({}, async (bench) => {
      bench.issuer.metadata = metadata
      await expect(bench.verifier.warmUp()).rejects.toMatchObject({ code: 'ERR_CONFIG_ISSUER' })
      expect(await bench.outcome()).toBe('ERR_AUTH_UNAVAILABLE')
      expect(bench.issuer.askedFor(bench.issuer.paths.jwks)).toBe(0)
    }),
  )

  it.each(['/', '?a=b', '#x'])('with its own name and %s behind it is another issuer', (suffix) =>
    withIssuer({ path: '/realms/one' }, async (bench) => {
      bench.issuer.metadata = { issuer: bench.issuer.issuer + suffix }
      await expect(bench.verifier.warmUp()).rejects.toMatchObject({ code: 'ERR_CONFIG_ISSUER' })
    }),
  )

  it('is looked for in both places, and an issuer without any stops the start', () =>
    withIssuer({ path: '/realms/one' }, async (bench) => {
      bench.issuer.behave(
        bench.issuer.paths.openidConfiguration,
        (_request, response) => void response.writeHead(404).end(),
      )
      await expect(bench.verifier.warmUp()).resolves.toBeUndefined()
      expect(await bench.outcome()).toBe('accepted')
      const other = await IssuerBench.start()
      for (const path of [other.issuer.paths.openidConfiguration, other.issuer.paths.authorizationServer])
        other.issuer.behave(path, (_request, response) => void response.writeHead(404).end())
      await expect(other.verifier.warmUp()).rejects.toMatchObject({ code: 'ERR_CONFIG_ISSUER' })
      await other.close()
    }))

  it('that cannot be had at the moment does not stop the start', () =>
    withIssuer({}, async (bench) => {
      bench.issuer.behave(bench.issuer.paths.openidConfiguration, 'status-500')
      await expect(bench.verifier.warmUp()).resolves.toBeUndefined()
      expect(bench.logged).toContain('an issuer could not be reached yet')
    }))
})

describe('keys that are not sound (J21)', () => {
  let bench: IssuerBench
  beforeAll(async () => {
    bench = await IssuerBench.start({ algorithms: ['RS256'] })
  })
  afterAll(() => bench.close())

  const rsa = (bits: number, exponent = 65_537): Readonly<Record<string, unknown>> => ({
    ...generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: exponent }).publicKey.export({
      format: 'jwk',
    }),
    kid: 'k',
  })
  const sound = rsa(2048)
  const ec = createIssuerKey('ES256', 'k').publicJwk
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['RSA of 512 bits', rsa(512)],
    ['RSA of 1024 bits', rsa(1024)],
    ['RSA of 2047 bits', rsa(2047)],
    ['RSA with exponent 3', rsa(2048, 3)],
    ['RSA with exponent 1', { ...sound, e: 'AQ' }],
    ['RSA with an even exponent', { ...sound, e: 'AQAC' }],
    ['RSA with an exponent of 5 bytes', { ...sound, e: 'AQAAAAE' }],
    [
      'RSA with a leading zero',
      {
        ...sound,
        n: Buffer.concat([Buffer.of(0), Buffer.from(String(sound['n']), 'base64url')]).toString('base64url'),
      },
    ],
    ['RSA with an even modulus', { ...sound, n: `${String(sound['n']).slice(0, -2)}AA` }],
    ['RSA of a family that can be factored', { ...sound, n: weakModulus() }],
    ['a private member', { ...sound, d: 'AQAB' }],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'k' }],
    ['a key for encryption', { ...sound, use: 'enc' }],
    ['a key to sign with', { ...sound, key_ops: ['sign'] }],
    ['a key for everything', { ...sound, key_ops: ['verify', 'sign'] }],
    ['another algorithm', { ...sound, alg: 'RSA-OAEP' }],
    ['an algorithm of another kind', { ...sound, alg: 'ES256' }],
    ['a point that is not on its curve', { ...ec, alg: undefined, x: 'A'.repeat(43) }],
    ['a short coordinate', { ...ec, x: String(ec['x']).slice(2) }],
    ['a curve that is not known', { ...ec, crv: 'secp256k1' }],
    ['a kid that is no text', { ...sound, kid: 7 }],
    ['a kid that is too long', { ...sound, kid: 'x'.repeat(257) }],
    ['no kind', { ...sound, kty: undefined }],
  ])('are not used: %s', async (_what, jwk) => {
    expect(await vetKey(jwk, signingAlgorithms)).toMatchObject({ kind: 'refused' })
  })

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['RSA of 2048 bits', sound],
    ['RSA of 4096 bits', rsa(4096)],
    ['P-256', ec],
    ['P-384', createIssuerKey('ES384').publicJwk],
    ['P-521', createIssuerKey('ES512').publicJwk],
    ['Ed25519', createIssuerKey('EdDSA').publicJwk],
    ['with key_ops', { ...ec, key_ops: ['verify'] }],
    ['with a certificate chain, which is not looked at', { ...ec, x5c: ['AAAA'] }],
  ])('are told from sound ones: %s', async (_what, jwk) => {
    expect(await vetKey(jwk, signingAlgorithms)).toMatchObject({ kind: 'usable' })
  })

  it('do not keep a sound one beside them from being used', async () => {
    const { publicJwk } = bench.issuer.key
    bench.issuer.jwks = { keys: [rsa(1024), { kty: 'oct', k: 'AA', kid: 'a' }, null, 7, 'x', publicJwk] }
    expect(await bench.outcome()).toBe('accepted')
    bench.issuer.jwks = {}
  })

  it('are two of one name: neither is used', () =>
    withIssuer({}, async (other) => {
      const { kid, publicJwk } = other.issuer.key
      other.issuer.jwks = { keys: [publicJwk, createIssuerKey('ES256', kid).publicJwk] }
      expect(await other.outcome()).toBe('ERR_TOKEN_SIGNATURE')
    }))

  it.each([
    ['a hundred and one', Array.from({ length: 101 }, (_, n) => ({ kty: 'oct', kid: String(n) }))],
    ['no list', { kid: 'k' }],
  ])('are %s: none is used', (_what, keys) =>
    withIssuer({}, async (other) => {
      other.issuer.jwks = { keys }
      expect(await other.outcome()).toBe('ERR_AUTH_UNAVAILABLE')
    }),
  )
})

/** A modulus with the structure of CVE-2017-15361: a power of 65537 modulo each of many small primes. */
function weakModulus(): string {
  const primes = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
  ]
  const product = primes.reduce((all, prime) => all * BigInt(prime), 1n)
  let power = 1n
  for (let n = 0; n < 12_345; n += 1) power = (power * 65_537n) % product
  const wide = BigInt(`0x${createHash('sha512').update('k').digest('hex').repeat(4)}`) | (1n << 2047n)
  const modulus = wide - (wide % product) + power
  const hex = modulus.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}
