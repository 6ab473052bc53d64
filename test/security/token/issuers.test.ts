import { describe, expect, it } from '@jest/globals'
import { createTokenVerifier } from '../../../src/adapter/token/create-token-verifier.js'
import { ManualClock } from '../../support/manual-clock.js'
import { OwnIssuer } from '../../support/own-issuer.js'
import { createSigningKey, TokenForge } from '../../support/token-forge.js'

describe('two issuers side by side', () => {
  const clock = new ManualClock()
  const [one, two] = [
    new OwnIssuer({ issuer: 'https://one.example', clock }),
    new OwnIssuer({ issuer: 'https://two.example', clock }),
  ]
  const named = { one, two } as const
  const cells = (['one', 'two'] as const).flatMap((iss) => (['one', 'two'] as const).map((key) => ({ iss, key })))

  it.each(cells)('iss $iss signed by $key passes only where both are one issuer', async ({ iss, key }) => {
    const forge = new TokenForge({
      issuer: named[iss].issuer,
      resource: one.resource,
      key: { ...named[key].key, kid: named[iss].key.kid },
      now: () => clock.seconds,
    })
    const token = forge.sign()
    const own = iss === key ? 'accepted' : 'ERR_TOKEN_SIGNATURE'
    expect(await named[iss].outcomeOf(token)).toBe(own)
    expect(await named[iss === 'one' ? 'two' : 'one'].outcomeOf(token)).toBe('ERR_TOKEN_ISSUER')
  })

  it.each(cells)('iss $iss signed by $key under its own name passes only on the diagonal', async ({ iss, key }) => {
    const forge = new TokenForge({
      issuer: named[iss].issuer,
      resource: one.resource,
      key: named[key].key,
      now: () => clock.seconds,
    })
    await expect(named[iss].outcomeOf(forge.sign())).resolves.toBe(iss === key ? 'accepted' : 'ERR_TOKEN_SIGNATURE')
  })
})

describe('options', () => {
  const own = new OwnIssuer()
  const base = { issuer: own.issuer, keys: own.store }
  const { clock } = own

  it.each([0, 30, 60])('allow clocks to differ by %d s', (skewSeconds) => {
    expect(() => createTokenVerifier({ clock, own: { ...base, skewSeconds } })).not.toThrow()
  })

  it.each([61, 301, 86_400, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuse a skew of %d s', (skewSeconds) => {
    expect(() => createTokenVerifier({ clock, own: { ...base, skewSeconds } })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_OPTION' }),
    )
  })

  it.each([0, -1, 86_401, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuse a lifetime of %d s',
    (maxLifetimeSeconds) => {
      expect(() => createTokenVerifier({ clock, own: { ...base, maxLifetimeSeconds } })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG_OPTION' }),
      )
    },
  )

  it.each(['', 'auth.acme.example', '/oauth'])('refuse the issuer %j', (issuer) => {
    expect(() => createTokenVerifier({ clock, own: { ...base, issuer } })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_URL' }),
    )
  })

  it('hold tokens to the lifetime and skew that are set', async () => {
    const strict = new OwnIssuer({ skewSeconds: 0, maxLifetimeSeconds: 600 })
    const now = strict.clock.seconds
    expect(await strict.outcome({ claims: { exp: now + 600 } })).toBe('accepted')
    expect(await strict.outcome({ claims: { exp: now + 601 } })).toBe('ERR_TOKEN_CLAIMS')
    expect(await strict.outcome({ claims: { iat: now + 1 } })).toBe('ERR_TOKEN_CLAIMS')
    expect(await strict.outcome({ claims: { iat: now - 60, exp: now } })).toBe('ERR_TOKEN_EXPIRED')
  })

  it('keep a key of one verifier out of another', async () => {
    const other = new OwnIssuer()
    await expect(other.outcomeOf(own.forgeWith(createSigningKey()).sign())).resolves.toBe('ERR_TOKEN_SIGNATURE')
    await expect(other.outcomeOf(own.forge.sign())).resolves.toBe('ERR_TOKEN_SIGNATURE')
    await expect(own.outcomeOf(own.forge.sign())).resolves.toBe('accepted')
  })
})
