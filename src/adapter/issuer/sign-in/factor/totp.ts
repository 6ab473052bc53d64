import { Secret, TOTP } from 'otpauth'

const period = 30
const window = 1

/** A new secret for an authenticator app, base32: 160 bits, as RFC 4226 §4 asks for. */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32
}

export interface TotpAccount {
  readonly secret: string
  readonly issuer: string
  readonly email: string
}

/** What a camera reads. A colon would end the name of the server. */
export function totpUri({ email, issuer, secret }: TotpAccount): string {
  const plain = (text: string): string => text.replaceAll(':', ' ')
  return new TOTP({ issuer: plain(issuer), label: plain(email), secret, period }).toString()
}

/** The bytes of a secret. */
export function totpBytes(base32: string): Uint8Array {
  return Secret.fromBase32(base32).bytes
}

/** The step that a code belongs to (RFC 6238 §5.2: this one, the one before or the next); `undefined` for a code of none. */
export function stepOf(secret: Uint8Array, code: string, now: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const totp = new TOTP({ secret: Secret.fromHex(Buffer.from(secret).toString('hex')), period })
  const delta = totp.validate({ token: code, timestamp: now, window })
  return delta === null ? undefined : Math.floor(now / 1000 / period) + delta
}
