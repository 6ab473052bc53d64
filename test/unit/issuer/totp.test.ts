import { describe, expect, it } from '@jest/globals'
import { newRecoveryCodes, recoveryDigest } from '../../../src/adapter/issuer/sign-in/factor/recovery-codes.js'
import { newTotpSecret, stepOf, totpBytes, totpUri } from '../../../src/adapter/issuer/sign-in/factor/totp.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'

describe('a code', () => {
  const secret = Buffer.from('12345678901234567890')

  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('is that of RFC 6238 appendix B at %i s', (seconds, code) => {
    expect(stepOf(secret, code, seconds * 1000)).toBe(Math.floor(seconds / 30))
  })

  it('belongs to the step that it was made for, within one step', () => {
    expect(stepOf(secret, '287082', 89_000)).toBe(1)
    expect(stepOf(secret, '287082', 29_000)).toBe(1)
    expect(stepOf(secret, '287082', 90_000)).toBeUndefined()
  })

  it.each(['', '28708', '2870820', '28708a', '２８７０８２', ' 287082', '-87082'])('is none where it is %p', (code) => {
    expect(stepOf(secret, code, 59_000)).toBeUndefined()
  })
})

describe('a secret', () => {
  it('has 160 bits, is new each time, and reaches the app with the names of server and account', () => {
    const secret = newTotpSecret()
    expect(totpBytes(secret)).toHaveLength(20)
    expect(newTotpSecret()).not.toBe(secret)
    const uri = new URL(totpUri({ secret, issuer: 'In: voices', email: 'ana@acme.test' }))
    expect(uri.protocol + uri.host).toBe('otpauth:totp')
    expect(Object.fromEntries(uri.searchParams)).toMatchObject({ secret, digits: '6', period: '30', algorithm: 'SHA1' })
    expect(decodeURIComponent(uri.pathname)).toBe('/In  voices:ana@acme.test')
  })
})

describe('recovery codes', () => {
  it('are ten different ones, without letters and digits that look alike', () => {
    const codes = newRecoveryCodes()
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) expect(code).toMatch(/^[A-HJ-NP-Z2-9]{5}-[A-HJ-NP-Z2-9]{5}$/)
  })

  it('are known however they are typed, for their own account', () => {
    const keyring = MasterKey.generate()
    const digest = recoveryDigest(keyring, 'a', 'ABCDE-FGHJK')
    expect(recoveryDigest(keyring, 'a', ' abcde fghjk')).toBe(digest)
    expect(recoveryDigest(keyring, 'b', 'ABCDE-FGHJK')).not.toBe(digest)
    expect(recoveryDigest(keyring, 'a', 'ABCDE-FGHJ')).not.toBe(digest)
  })
})
