import { isOfDomains } from './email-domain.js'
import type { EntryFailure } from '../federation-failure.js'
import type { UpstreamIdentity } from '../upstream-provider.js'

/** Who may make an account by signing in with a provider of the tenant for the first time. */
export interface EntryRule {
  readonly signUp: 'nobody' | 'domains' | 'everybody'
  /** Where addresses have to be of one of them. */
  readonly signUpDomains: readonly string[]
}

/** Who comes in for the first time. */
export interface Newcomer {
  /** Only an address that the provider has verified. */
  readonly email: string | undefined
  readonly emailIs: UpstreamIdentity['emailIs']
  readonly name: string | undefined
}

export type EntryDecision =
  | { readonly admitted: true; readonly email: string; readonly name: string | undefined }
  | { readonly admitted: false; readonly reason: EntryFailure }

const longestEmail = 254
const longestName = 200

/** Whether a newcomer becomes an account. One that an account has the address of does not: an address says nothing of who somebody is. */
export function decideEntry(
  { signUp, signUpDomains }: EntryRule,
  { email, emailIs, name }: Newcomer,
  isTaken: (email: string) => boolean,
): EntryDecision {
  if (signUp === 'nobody') return { admitted: false, reason: 'ERR_FEDERATION_UNINVITED' }
  if (email === undefined || !isAddress(email)) return { admitted: false, reason: 'ERR_FEDERATION_UNVERIFIED' }
  if (signUp === 'domains' && (emailIs !== 'theirs now' || !isOfDomains(email, signUpDomains))) {
    return { admitted: false, reason: 'ERR_FEDERATION_UNINVITED' }
  }
  if (isTaken(email)) return { admitted: false, reason: 'ERR_FEDERATION_ADDRESS_TAKEN' }
  return { admitted: true, email, name: name === undefined ? undefined : nameOf(name) }
}

/** One that shows as what it is. */
function isAddress(email: string): boolean {
  return email.length <= longestEmail && /^[^\s@]+@[^\s@]+$/.test(email) && !/\p{C}/u.test(email)
}

/** A name is for people to read: one that they could not is none. */
function nameOf(name: string): string | undefined {
  const shown = name.trim()
  return shown === '' || shown.length > longestName || /\p{C}/u.test(shown) ? undefined : shown
}
