import { issuerFault } from '../trust/issuer-url.js'
import { quoted } from './known-names.js'

const mostBytes = 255

/** Whom another issuer knows an account as. */
export interface AccountIdentity {
  /** As in `iss` of its tokens, byte for byte. */
  readonly issuer: string
  /** As in `sub` of its tokens, byte for byte. */
  readonly subject: string
}

/** An identity that a tenant has on record. */
export interface HeldIdentity extends AccountIdentity {
  /** The address of its account; `undefined` where it was taken away or the account is gone: its user is shut out. */
  readonly email: string | undefined
}

/** What tells an identity from every other. */
export function identityKey({ issuer, subject }: AccountIdentity): string {
  return JSON.stringify([issuer, subject])
}

/** The subject and the issuer as they stand in a sentence. */
export function identityWords({ issuer, subject }: AccountIdentity): string {
  return `${quoted(subject)} of ${quoted(issuer)}`
}

/** What keeps tokens from ever having such an issuer and subject, as a sentence. */
export function identityFault({ issuer, subject }: AccountIdentity): string | undefined {
  const shown = quoted(issuer.slice(0, 64))
  if (!isText(issuer)) return `the issuer ${shown} is not a text of 1 to ${mostBytes} bytes`
  const fault = issuerFault(issuer, 'private')
  if (fault !== undefined) return `the issuer ${shown} ${fault}`
  if (!isText(subject)) return `the subject ${quoted(subject.slice(0, 64))} is not a text of 1 to ${mostBytes} bytes`
  return undefined
}

/** Of a length that tokens may have, and such as every database holds byte for byte. */
function isText(text: string): boolean {
  const bytes = new TextEncoder().encode(text).length
  return bytes >= 1 && bytes <= mostBytes && !text.includes('\0') && !/\p{Surrogate}/u.test(text)
}
