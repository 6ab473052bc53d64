import { createHash, createSign, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { decodeAttribute } from './factor-pages.js'
import type { Shown } from './browser-jar.js'

export interface AuthenticatorFaults {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly type?: string
  /** Flags of the authenticator data (WebAuthn §6.1); user present and verified unless told. */
  readonly flags?: number
  readonly count?: number
  readonly crossOrigin?: boolean
}

const present = 0x01
const verified = 0x04
const attested = 0x40

/** A security key in software: one ES256 credential, attestation "none" (WebAuthn §6). */
export class SoftwareAuthenticator {
  readonly id = randomBytes(16)
  readonly #origin: string
  readonly #key: KeyObject
  readonly #x: Buffer
  readonly #y: Buffer
  #count = 0

  constructor(origin: string) {
    this.#origin = origin
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    this.#key = privateKey
    this.#x = Buffer.from(x, 'base64url')
    this.#y = Buffer.from(y, 'base64url')
  }

  /** What a browser would put into the form of an enrolment page. */
  create(page: Shown, faults: AuthenticatorFaults = {}): string {
    const clientData = this.#clientData(page, { type: 'webauthn.create', ...faults })
    const authData = Buffer.concat([
      this.#head({ flags: present | verified | attested, ...faults }),
      Buffer.alloc(16),
      Buffer.from([0, this.id.length]),
      this.id,
      cose(this.#x, this.#y),
    ])
    const attestation = cborMap([
      [cborText('fmt'), cborText('none')],
      [cborText('attStmt'), cborMap([])],
      [cborText('authData'), cborBytes(authData)],
    ])
    return this.#credential({ clientDataJSON: clientData, attestationObject: attestation })
  }

  /** What a browser would put into the form of a factor page. */
  get(page: Shown, faults: AuthenticatorFaults = {}): string {
    this.#count += 1
    const clientData = this.#clientData(page, { type: 'webauthn.get', ...faults })
    const authData = this.#head({ count: this.#count, ...faults })
    const hash = createHash('sha256').update(clientData).digest()
    const signature = createSign('sha256')
      .update(Buffer.concat([authData, hash]))
      .sign(this.#key)
    return this.#credential({ clientDataJSON: clientData, authenticatorData: authData, signature })
  }

  #clientData(page: Shown, { challenge, crossOrigin = false, origin, type }: AuthenticatorFaults): Buffer {
    const data = { type, challenge: challenge ?? challengeOf(page), origin: origin ?? this.#origin, crossOrigin }
    return Buffer.from(JSON.stringify(data))
  }

  #head({ count = 0, flags = present | verified, rpId }: AuthenticatorFaults): Buffer {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(count)
    const name = rpId ?? new URL(this.#origin).hostname
    return Buffer.concat([createHash('sha256').update(name).digest(), Buffer.from([flags]), counter])
  }

  #credential(response: Readonly<Record<string, Buffer>>): string {
    const id = this.id.toString('base64url')
    const texts = Object.entries(response).map(([name, bytes]) => [name, bytes.toString('base64url')])
    return JSON.stringify({
      ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
      response: Object.fromEntries(texts),
    })
  }
}

/** The challenge that a page asks a passkey with. */
export function challengeOf({ html }: Shown): string {
  const [, options = '{}'] = /data-options="([^"]*)"/.exec(html) ?? []
  return (JSON.parse(decodeAttribute(options)) as { challenge: string }).challenge
}

/** RFC 9053 §7.1.1: an EC2 key on P-256 for ES256. */
function cose(x: Buffer, y: Buffer): Buffer {
  return cborMap([
    [Buffer.from([0x01]), Buffer.from([0x02])],
    [Buffer.from([0x03]), Buffer.from([0x26])],
    [Buffer.from([0x20]), Buffer.from([0x01])],
    [Buffer.from([0x21]), cborBytes(x)],
    [Buffer.from([0x22]), cborBytes(y)],
  ])
}

function cborText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 | text.length]), Buffer.from(text)])
}

function cborBytes(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x58, bytes.length]), bytes])
}

function cborMap(entries: readonly (readonly [Buffer, Buffer])[]): Buffer {
  return Buffer.concat([Buffer.from([0xa0 | entries.length]), ...entries.flat()])
}
