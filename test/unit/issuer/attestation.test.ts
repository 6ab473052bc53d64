import { describe, expect, it } from '@jest/globals'
import { bringsNoCertificate } from '../../../src/adapter/issuer/sign-in/factor/attestation.js'

const text = (value: string): Buffer => Buffer.concat([Buffer.from([0x60 | value.length]), Buffer.from(value)])
const bytes = (value: Buffer): Buffer => Buffer.concat([Buffer.from([0x40 | value.length]), value])
const list = (...items: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from([0x80 | items.length]), ...items])
const map = (...entries: readonly (readonly [string, Buffer])[]): Buffer =>
  Buffer.concat([Buffer.from([0xa0 | entries.length]), ...entries.flatMap(([name, value]) => [text(name), value])])

/** RFC 8949 of an attestation object. */
function attestation(format: string, ...statement: readonly (readonly [string, Buffer])[]): string {
  const object = map(['fmt', text(format)], ['attStmt', map(...statement)], ['authData', bytes(Buffer.alloc(8))])
  return object.toString('base64url')
}

const signature = ['sig', bytes(Buffer.alloc(8))] as const
const certificates = ['x5c', list(bytes(Buffer.alloc(8)), bytes(Buffer.alloc(8)))] as const

describe('a new passkey', () => {
  it.each([
    ['says nothing of itself', attestation('none')],
    ['signs for itself', attestation('packed', signature)],
  ])('is looked at where it %s', async (_what, object) => {
    expect(await bringsNoCertificate(object)).toBe(true)
  })

  it.each([
    ...['packed', 'android-key', 'fido-u2f', 'tpm', 'apple'].map((format) => {
      return [`brings certificates (${format})`, attestation(format, signature, certificates)]
    }),
    ['is of a format that brings them, without one', attestation('android-key', signature)],
    ['brings an answer of its maker', attestation('android-safetynet', signature)],
    ['is of no format that anybody knows', attestation('other')],
    ['is no attestation object', Buffer.from('nothing').toString('base64url')],
    ['is empty', ''],
  ])('is not looked at where it %s: the library would follow what a certificate says', async (_what, object = '') => {
    expect(await bringsNoCertificate(object)).toBe(false)
  })
})
