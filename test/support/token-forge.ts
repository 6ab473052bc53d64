import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { SigningKey } from '../../src/core/identity/signing-key-store.js'

/** A part of a token: an object is written as JSON, a string is taken as the JSON text itself, bytes as they are. */
export type Part = Readonly<Record<string, unknown>> | string | Uint8Array

export interface ForgedToken {
  /** Laid over the ordinary header; a member that is `undefined` is left out. A text or bytes replace all of it. */
  readonly header?: Part
  /** Laid over the ordinary claims, in the same way. */
  readonly claims?: Part
  /** Bytes of the signature, or what makes them of the signing input. */
  readonly signature?: Uint8Array | ((input: string) => Uint8Array)
}

export interface TokenForgeOptions {
  readonly issuer: string
  readonly resource: string
  readonly key: SigningKey
  /** Seconds since the epoch. */
  readonly now: () => number
}

/** A fresh ES256 key as the issuer would keep it. */
export function createSigningKey(kid: string = randomUUID()): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    kid,
    algorithm: 'ES256',
    publicJwk: texts(publicKey.export({ format: 'jwk' })),
    privateJwk: texts(privateKey.export({ format: 'jwk' })),
  }
}

/** Makes access tokens of our own issuer, and everything that only looks like one. */
export class TokenForge {
  readonly #options: TokenForgeOptions

  constructor(options: TokenForgeOptions) {
    this.#options = options
  }

  /** What the issuer would write. */
  claims(): Readonly<Record<string, unknown>> {
    const now = this.#options.now()
    return {
      iss: this.#options.issuer,
      aud: this.#options.resource,
      sub: '7d0f0c52-4f0e-4f5e-9b1e-0a8f4a3f9a10',
      client_id: 'client-1',
      iat: now,
      exp: now + 600,
      jti: randomUUID(),
      scope: 'mcp read',
      tenant_id: 'acme',
      email: 'ada@acme.example',
      name: 'Ada',
      roles: ['admin'],
      groups: ['platform'],
      resources: ['production'],
      gid: 'grant-digest-1',
      amr: ['pwd'],
    }
  }

  /** A signed token: valid unless `forged` says otherwise. */
  sign(forged: ForgedToken = {}): string {
    const { key } = this.#options
    return forgeToken(forged, {
      header: { alg: 'ES256', typ: 'at+jwt', kid: key.kid },
      claims: this.claims(),
      signature: (text) => signEs256(key, text),
    })
  }
}

/** What a token has where nothing else is said. */
export interface OrdinaryToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly signature: (input: string) => Uint8Array
}

/** A token that is ordinary unless `forged` says otherwise. */
export function forgeToken(forged: ForgedToken, ordinary: OrdinaryToken): string {
  const input = `${encode(forged.header, ordinary.header)}.${encode(forged.claims, ordinary.claims)}`
  const { signature = ordinary.signature } = forged
  const bytes = typeof signature === 'function' ? signature(input) : signature
  return `${input}.${Buffer.from(bytes).toString('base64url')}`
}

/** The ES256 signature of `input`, as JOSE wants it (r and s side by side) or in DER. */
export function signEs256(key: SigningKey, input: string, dsaEncoding: 'ieee-p1363' | 'der' = 'ieee-p1363'): Buffer {
  const privateKey = createPrivateKey({ key: { ...key.privateJwk }, format: 'jwk' })
  return sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding })
}

function encode(part: Part | undefined, ordinary: Readonly<Record<string, unknown>>): string {
  if (part instanceof Uint8Array) return Buffer.from(part).toString('base64url')
  const text = typeof part === 'string' ? part : JSON.stringify({ ...ordinary, ...part })
  return Buffer.from(text).toString('base64url')
}

function texts(jwk: object): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(jwk).map(([member, value]) => [member, String(value)]))
}
