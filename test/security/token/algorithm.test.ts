import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { OwnIssuer } from '../../support/own-issuer.js'
import { createSigningKey, signEs256 } from '../../support/token-forge.js'

const own = new OwnIssuer()
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const zero = Buffer.alloc(32)
const one = Buffer.concat([Buffer.alloc(31), Buffer.of(1)])
const ones = Buffer.alloc(32, 0xff)

describe('algorithms', () => {
  it('accepts ES256 with the key of the issuer', async () => {
    await expect(own.outcome()).resolves.toBe('accepted')
  })

  describe.each(['none', 'None', 'nOnE', 'NONE'])('alg %s', (alg) => {
    const header = { alg }

    it('is refused with the signature of a good token', async () => {
      await expect(own.outcome({ header })).resolves.toBe('ERR_TOKEN_SIGNATURE')
    })

    it('is refused with an empty signature', async () => {
      await expect(own.outcome({ header, signature: new Uint8Array() })).resolves.toBe('ERR_TOKEN_MALFORMED')
    })

    it('is refused without a second dot', async () => {
      const token = own.forge.sign({ header }).split('.').slice(0, 2).join('.')
      await expect(own.outcomeOf(token)).resolves.toBe('ERR_TOKEN_MALFORMED')
    })
  })

  const publicKey = createPublicKey({ key: { ...own.key.publicJwk }, format: 'jwk' })
  const secrets: readonly (readonly [string, string | Buffer])[] = [
    ['PEM', publicKey.export({ format: 'pem', type: 'spki' })],
    ['PEM without its last line break', String(publicKey.export({ format: 'pem', type: 'spki' })).trim()],
    ['DER', publicKey.export({ format: 'der', type: 'spki' })],
    ['JWK', JSON.stringify(own.key.publicJwk)],
    ['x coordinate', Buffer.from(own.key.publicJwk['x'] ?? '', 'base64url')],
    ['empty key', ''],
  ]
  const hashes = ['256', '384', '512'] as const
  it.each(secrets.flatMap(([form, secret]) => hashes.map((hash) => ({ form, secret, hash }))))(
    'refuses HS$hash keyed with the public key as $form',
    async ({ secret, hash }) => {
      const signature = (input: string) => createHmac(`sha${hash}`, secret).update(input).digest()
      await expect(own.outcome({ header: { alg: `HS${hash}` }, signature })).resolves.toBe('ERR_TOKEN_SIGNATURE')
    },
  )

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey
  const families: readonly (readonly [string, string | undefined, KeyObject])[] = [
    ['RS256', 'sha256', rsa],
    ['PS256', 'sha256', rsa],
    ['ES384', 'sha384', curve('P-384')],
    ['ES512', 'sha512', curve('P-521')],
    ['ES256K', 'sha256', curve('secp256k1')],
    ['EdDSA', undefined, generateKeyPairSync('ed25519').privateKey],
    ['ES256', 'sha256', curve('secp256k1')],
    ['ES256', 'sha256', rsa],
  ]
  it.each(families.map(([alg, hash, key]) => ({ alg, hash, key, type: key.asymmetricKeyType })))(
    'refuses $alg made with a key of another family ($type)',
    async ({ alg, hash, key }) => {
      const signature = (input: string) => sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
      await expect(own.outcome({ header: { alg }, signature })).resolves.toBe('ERR_TOKEN_SIGNATURE')
    },
  )

  it.each([undefined, null, '', 'es256', 'ES256 ', ['ES256'], { ES256: true }, 256])(
    'refuses the algorithm %j',
    async (alg) => {
      await expect(own.outcome({ header: { alg } })).resolves.toBe('ERR_TOKEN_SIGNATURE')
    },
  )
})

describe('ECDSA signatures', () => {
  it.each([
    ['r = s = 0', [zero, zero]],
    ['r = 0', [zero, one]],
    ['s = 0', [one, zero]],
    ['r = s = n', [order, order]],
    ['r = n', [order, one]],
    ['s = n', [one, order]],
    ['r = 0, s = n', [zero, order]],
    ['r = s = 1', [one, one]],
    ['r = s = 2^256 - 1', [ones, ones]],
  ])('refuses %s', async (_name, halves) => {
    await expect(own.outcome({ signature: Buffer.concat(halves) })).resolves.toBe('ERR_TOKEN_SIGNATURE')
  })

  it('refuses a good signature in DER', async () => {
    await expect(own.outcome({ signature: (input) => signEs256(own.key, input, 'der') })).resolves.toBe(
      'ERR_TOKEN_SIGNATURE',
    )
  })

  it.each([1, 32, 63, 65, 96, 128])('refuses a signature of %d bytes that begins like a good one', async (length) => {
    const signature = (input: string) => {
      const good = signEs256(own.key, input)
      return length < good.length ? good.subarray(0, length) : Buffer.concat([good, Buffer.alloc(length - good.length)])
    }
    await expect(own.outcome({ signature })).resolves.toBe('ERR_TOKEN_SIGNATURE')
  })

  it('refuses a signature with one bit changed, wherever it is', async () => {
    for (let byte = 0; byte < 64; byte += 7) {
      const signature = (input: string) => {
        const bytes = signEs256(own.key, input)
        bytes.writeUInt8(bytes.readUInt8(byte) ^ 1, byte)
        return bytes
      }
      expect(await own.outcome({ signature })).toBe('ERR_TOKEN_SIGNATURE')
    }
  })

  it('refuses the signature of another key under the name of ours', async () => {
    const other = createSigningKey(own.key.kid)
    await expect(own.outcome({ signature: (input) => signEs256(other, input) })).resolves.toBe('ERR_TOKEN_SIGNATURE')
  })

  it('refuses claims changed after signing', async () => {
    const [header, , signature] = own.forge.sign().split('.')
    const [, claims] = own.forge.sign({ claims: { roles: ['admin', 'owner'] } }).split('.')
    await expect(own.outcomeOf(`${header}.${claims}.${signature}`)).resolves.toBe('ERR_TOKEN_SIGNATURE')
  })

  it('refuses a header changed after signing', async () => {
    const [, claims, signature] = own.forge.sign().split('.')
    const [header] = own.forge.sign({ header: { typ: 'application/at+jwt' } }).split('.')
    await expect(own.outcomeOf(`${header}.${claims}.${signature}`)).resolves.toBe('ERR_TOKEN_SIGNATURE')
  })
})
