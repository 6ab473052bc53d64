import { createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

/** What a TLS server needs, as PEM. */
export interface ServerCertificate {
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  /** DNS names that it is of. */
  readonly names: readonly string[]
  /** Default: an hour from now. */
  readonly expiresAt?: Date
}

const day = 86_400_000
const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'))

/** A certificate authority of its own, for servers in tests. */
export class CertificateAuthority {
  readonly pem: string
  readonly #name = randomBytes(8).toString('hex')
  readonly #key: KeyObject

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#key = privateKey
    // Basic constraints: an authority.
    const extension = sequence(objectId('551d13'), boolean(), octets(sequence(boolean())))
    this.pem = this.#certify({ publicKey, name: this.#name, extension, expiresAt: new Date(Date.now() + day) })
  }

  issue({ names, expiresAt = new Date(Date.now() + 3_600_000) }: CertificateOptions): ServerCertificate {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const extension = alternativeNames(names)
    const cert = this.#certify({ publicKey, name: names[0] ?? 'nobody', extension, expiresAt })
    return { cert, key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() }
  }

  /** A certificate that vouches for itself: signed with the key that it is of. */
  static selfSigned({ names, expiresAt = new Date(Date.now() + 3_600_000) }: CertificateOptions): ServerCertificate {
    const own = new CertificateAuthority()
    const subject = {
      publicKey: createPublicKey(own.#key),
      name: own.#name,
      extension: alternativeNames(names),
      expiresAt,
    }
    return { cert: own.#certify(subject), key: own.#key.export({ format: 'pem', type: 'pkcs8' }).toString() }
  }

  #certify(subject: Subject): string {
    const body = sequence(
      ...[der(0xa0, integer(Buffer.from([2]))), integer(Buffer.concat([Buffer.from([1]), randomBytes(8)]))],
      ...[ecdsaWithSha256, distinguishedName(this.#name)],
      ...[sequence(time(new Date(Date.now() - 30 * day)), time(subject.expiresAt)), distinguishedName(subject.name)],
      ...[subject.publicKey.export({ format: 'der', type: 'spki' }), der(0xa3, sequence(subject.extension))],
    )
    const signature = sign('sha256', body, this.#key)
    const whole = sequence(body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
    const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
  }
}

interface Subject {
  readonly publicKey: KeyObject
  readonly name: string
  readonly extension: Buffer
  readonly expiresAt: Date
}

/** One value in DER: its tag, its length, its content (X.690 §8.1, §10.1). */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const size = body.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

function alternativeNames(names: readonly string[]): Buffer {
  const alternatives = names.map((name) => der(0x82, Buffer.from(name)))
  return sequence(objectId('551d11'), octets(sequence(...alternatives)))
}

function sequence(...content: readonly Buffer[]): Buffer {
  return der(0x30, ...content)
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes)
}

function boolean(): Buffer {
  return der(0x01, Buffer.from([0xff]))
}

function octets(content: Buffer): Buffer {
  return der(0x04, content)
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))))
}

function time(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(2, 14)}Z`))
}
