import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createTokenVerifier } from '../../../src/adapter/token/create-token-verifier.js'
import type { SigningKey } from '../../../src/core/identity/signing-key-store.js'
import { MemorySigningKeys } from '../../support/memory-signing-keys.js'
import { OwnIssuer } from '../../support/own-issuer.js'
import { createSigningKey } from '../../support/token-forge.js'

/** An issuer whose only key was changed before the verifier saw it. */
async function outcomeWith(
  change: Readonly<Record<string, unknown>>,
  members: Partial<SigningKey> = {},
): Promise<string> {
  const own = new OwnIssuer()
  const publicJwk: Record<string, string> = {}
  for (const [member, value] of Object.entries({ ...own.key.publicJwk, ...change }))
    Reflect.set(publicJwk, member, value)
  const keys = new MemorySigningKeys({ ...own.key, ...members, publicJwk })
  const verifier = createTokenVerifier({ own: { issuer: own.issuer, keys }, clock: own.clock })
  return verifier.verify(own.forge.sign(), own.resource).then(
    () => 'accepted',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'other'),
  )
}

describe('unknown kids', () => {
  it('cause two loads at most, however many come at once', async () => {
    const own = new OwnIssuer()
    const outcomes = await Promise.all(
      Array.from({ length: 1000 }, () => own.outcome({ header: { kid: randomUUID() } })),
    )
    expect(new Set(outcomes)).toEqual(new Set(['ERR_TOKEN_SIGNATURE']))
    expect(own.store.listed).toBeLessThanOrEqual(2)
  })

  it('cause two loads at most, however many come within a second', async () => {
    const own = new OwnIssuer()
    for (let at = 0; at < 1000; at += 1) {
      await own.outcome({ header: { kid: randomUUID() } })
      own.clock.advance(0.001)
    }
    expect(own.store.listed).toBeLessThanOrEqual(2)
  })

  it('do not keep a new key out: it is seen within 60 s of rotation, under flood', async () => {
    const own = new OwnIssuer()
    await own.outcome()
    const next = createSigningKey()
    const forge = own.forgeWith(next)
    await own.outcome({ header: { kid: randomUUID() } })
    own.store.rotateTo(next)
    let waited = 0
    while ((await own.outcomeOf(forge.sign())) !== 'accepted') {
      for (let at = 0; at < 10; at += 1) await own.outcome({ header: { kid: randomUUID() } })
      own.clock.advance(0.5)
      waited += 0.5
      expect(waited).toBeLessThanOrEqual(60)
    }
    expect(waited).toBeLessThanOrEqual(5)
    expect(await own.outcome()).toBe('accepted')
  })

  it('cost one load each 5 s in the long run, and known keys serve on', async () => {
    const own = new OwnIssuer()
    await own.outcome()
    for (let second = 0; second < 50; second += 1) {
      await Promise.all(Array.from({ length: 20 }, () => own.outcome({ header: { kid: randomUUID() } })))
      expect(await own.outcome()).toBe('accepted')
      own.clock.advance(1)
    }
    expect(own.store.listed).toBeLessThanOrEqual(11)
  })

  it('never reach the store with a token that is refused without a key', async () => {
    const own = new OwnIssuer()
    const kid = randomUUID()
    await own.outcome({ header: { kid }, claims: { aud: 'https://evil.example' } })
    await own.outcome({ header: { kid }, claims: { exp: 1 } })
    await own.outcome({ header: { kid, typ: 'JWT' } })
    expect(own.store.listed).toBe(0)
  })
})

describe('rotation', () => {
  it('is seen at once when nobody floods', async () => {
    const own = new OwnIssuer()
    await own.outcome()
    const next = createSigningKey()
    own.store.rotateTo(next)
    await expect(own.outcomeOf(own.forgeWith(next).sign())).resolves.toBe('accepted')
    await expect(own.outcome()).resolves.toBe('accepted')
  })

  it('ends a removed key within a minute', async () => {
    const own = new OwnIssuer()
    const next = createSigningKey()
    own.store.rotateTo(next)
    expect(await own.outcome()).toBe('accepted')
    own.store.remove(own.key.kid)
    own.clock.advance(60)
    expect(await own.outcome()).toBe('ERR_TOKEN_SIGNATURE')
    expect(await own.outcomeOf(own.forgeWith(next).sign())).toBe('accepted')
  })

  it('replaces a key that kept its name', async () => {
    const own = new OwnIssuer()
    expect(await own.outcome()).toBe('accepted')
    const twin = createSigningKey(own.key.kid)
    own.store.remove(own.key.kid)
    own.store.rotateTo(twin)
    own.clock.advance(60)
    expect(await own.outcome()).toBe('ERR_TOKEN_SIGNATURE')
    expect(await own.outcomeOf(own.forgeWith(twin).sign())).toBe('accepted')
  })

  it('looks the keys up once a minute, not once a token', async () => {
    const own = new OwnIssuer()
    await Promise.all(Array.from({ length: 100 }, () => own.outcome()))
    own.clock.advance(59)
    await own.outcome()
    expect(own.store.listed).toBe(1)
    own.clock.advance(1)
    await Promise.all(Array.from({ length: 100 }, () => own.outcome()))
    expect(own.store.listed).toBe(2)
  })

  it('survives a clock that is set back', async () => {
    const own = new OwnIssuer()
    await own.outcome()
    await own.outcome({ header: { kid: randomUUID() } })
    own.clock.advance(-3600)
    const next = createSigningKey()
    own.store.rotateTo(next)
    await expect(own.outcomeOf(own.forgeWith(next).sign())).resolves.toBe('accepted')
  })
})

describe('a store that is down', () => {
  it('is an outage, not a refusal, while no key is known', async () => {
    const own = new OwnIssuer()
    own.store.state = 'down'
    expect(await own.outcome()).toBe('ERR_AUTH_UNAVAILABLE')
    expect(await own.outcome()).toBe('ERR_AUTH_UNAVAILABLE')
    expect(own.store.listed).toBe(1)
    own.store.state = 'up'
    own.clock.advance(1)
    expect(await own.outcome()).toBe('accepted')
  })

  it('leaves known keys working, for a day', async () => {
    const own = new OwnIssuer()
    await own.outcome()
    own.store.state = 'down'
    own.clock.advance(3600)
    expect(await own.outcome()).toBe('accepted')
    own.clock.advance(22 * 3600)
    expect(await own.outcome()).toBe('accepted')
    own.clock.advance(3600)
    expect(await own.outcome()).toBe('ERR_AUTH_UNAVAILABLE')
    own.store.state = 'up'
    own.clock.advance(1)
    expect(await own.outcome()).toBe('accepted')
  })

  it('leaves known keys working when the clock is set back', async () => {
    const own = new OwnIssuer()
    await own.outcome()
    own.store.state = 'down'
    own.clock.advance(-30)
    await expect(own.outcome()).resolves.toBe('accepted')
  })

  it('makes an unknown kid an outage: a new key and a forged name look alike', async () => {
    const own = new OwnIssuer()
    await own.outcome()
    const next = createSigningKey()
    own.store.rotateTo(next)
    own.store.state = 'down'
    expect(await own.outcomeOf(own.forgeWith(next).sign())).toBe('ERR_AUTH_UNAVAILABLE')
    own.store.state = 'up'
    own.clock.advance(1)
    expect(await own.outcomeOf(own.forgeWith(next).sign())).toBe('accepted')
    expect(await own.outcome({ header: { kid: randomUUID() } })).toBe('ERR_TOKEN_SIGNATURE')
  })

  it('is asked once a second at most, under flood', async () => {
    const own = new OwnIssuer()
    own.store.state = 'down'
    for (let at = 0; at < 100; at += 1) {
      await Promise.all(Array.from({ length: 10 }, () => own.outcome({ header: { kid: randomUUID() } })))
      own.clock.advance(0.1)
    }
    expect(own.store.listed).toBeLessThanOrEqual(11)
  })

  it('is given up on after 3 s when it hangs, and known keys serve on without waiting again', async () => {
    const own = new OwnIssuer()
    await own.outcome()
    own.store.state = 'hanging'
    own.clock.advance(60)
    const started = performance.now()
    expect(await own.outcome()).toBe('accepted')
    expect(performance.now() - started).toBeLessThan(5000)
    own.clock.advance(1)
    const again = performance.now()
    expect(await own.outcome()).toBe('accepted')
    expect(performance.now() - again).toBeLessThan(1000)
    expect(await own.outcome({ header: { kid: randomUUID() } })).toBe('ERR_AUTH_UNAVAILABLE')
  })

  it('is on record, without the keys', async () => {
    const lines: string[] = []
    const log = { write: (...line: readonly unknown[]) => void lines.push(JSON.stringify(line)) }
    const own = new OwnIssuer({ log })
    own.store.state = 'down'
    await own.outcome()
    expect(lines).toEqual([expect.stringContaining('could not be loaded')])
    expect(lines.join()).not.toContain(own.key.privateJwk['d'])
  })
})

describe('vetting of keys', () => {
  it.each([
    ['as it is', {}],
    ['that says what it is for', { alg: 'ES256', use: 'sig', key_ops: ['verify'] }],
  ])('uses a P-256 key %s', async (_name, change) => {
    await expect(outcomeWith(change)).resolves.toBe('accepted')
  })

  const p384 = { crv: 'P-384', x: 'A'.repeat(64), y: 'A'.repeat(64) }
  it.each([
    ['with its private part', { d: 'AAAA' }],
    ['that is symmetric', { kty: 'oct', k: 'AAAA' }],
    ['that hides a symmetric one', { k: 'AAAA' }],
    ['that is RSA', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    ['that is RSA with e = 1', { kty: 'RSA', n: 'AQAB', e: 'AQ' }],
    ['on P-384', p384],
    ['on secp256k1', { crv: 'secp256k1' }],
    ['that is OKP', { kty: 'OKP', crv: 'Ed25519' }],
    ['for encryption', { use: 'enc' }],
    ['for another algorithm', { alg: 'ES384' }],
    ['for HS256', { alg: 'HS256' }],
    ['that signs', { key_ops: ['sign'] }],
    ['that signs and verifies', { key_ops: ['sign', 'verify'] }],
    ['that verifies and signs', { key_ops: ['verify', 'sign'] }],
    ['with operations in a text', { key_ops: 'verify' }],
    ['under another name', { kid: 'other' }],
    ['that is not on the curve', { x: Buffer.alloc(32, 1).toString('base64url') }],
    ['at infinity', { x: 'A'.repeat(43), y: 'A'.repeat(43) }],
    ['with a short coordinate', { x: 'AAAA' }],
    ['with a long coordinate', { x: 'A'.repeat(44) }],
    ['with a coordinate that is not canonical', { x: `${'A'.repeat(42)}B` }],
    ['without a coordinate', { y: undefined }],
    ['with a numeric coordinate', { y: 5 }],
    ['without a type', { kty: undefined }],
  ])('does not use a key %s', async (_name, change) => {
    await expect(outcomeWith(change)).resolves.toBe('ERR_TOKEN_SIGNATURE')
  })

  it('uses neither of two keys with one name, and the others', async () => {
    const own = new OwnIssuer()
    const other = createSigningKey()
    own.store.rotateTo(createSigningKey(own.key.kid))
    own.store.rotateTo(other)
    expect(await own.outcome()).toBe('ERR_TOKEN_SIGNATURE')
    expect(await own.outcomeOf(own.forgeWith(other).sign())).toBe('accepted')
  })

  it('takes 100 keys, and not one more', async () => {
    const own = new OwnIssuer()
    for (let at = 1; at < 100; at += 1) own.store.rotateTo(createSigningKey())
    expect(await own.outcome()).toBe('accepted')
    own.store.rotateTo(createSigningKey())
    const verifier = createTokenVerifier({ own: { issuer: own.issuer, keys: own.store }, clock: own.clock })
    await expect(verifier.verify(own.forge.sign(), own.resource)).rejects.toMatchObject({
      code: 'ERR_AUTH_UNAVAILABLE',
    })
  })

  it('refuses every token of an issuer without keys', async () => {
    const own = new OwnIssuer()
    own.store.remove(own.key.kid)
    await expect(own.outcome()).resolves.toBe('ERR_TOKEN_SIGNATURE')
  })
})
