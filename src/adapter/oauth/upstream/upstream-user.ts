import { emailFault } from '../../../core/administration/account-text.js'
import { isOfDomains } from '../../../core/federation/entry/email-domain.js'
import type { UpstreamPreset } from '../../../core/federation/preset/preset.js'
import type { UpstreamIdentity } from '../../../core/federation/upstream-provider.js'
import { refusal } from '../provider-failure.js'

const longestName = 200
/** By so much a clock may be ahead of ours. */
const skewSeconds = 60
// OpenID Connect Core §2: at most 255 characters. Nothing that could not be stored or would not show.
const subjectPattern = /^[^\p{C}\p{Zl}\p{Zp}]{1,255}$/u

/** Who somebody is there. A number counts as its digits, unless some were lost on the way. Throws `AuthenticationError`. */
export function subjectOf(value: unknown): string {
  const subject = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
  if (typeof subject === 'string' && subjectPattern.test(subject)) return subject
  throw refusal('the provider does not say who signed in')
}

/** An address, if `verified` says so with `true` and no other word. */
export function verifiedEmail(email: unknown, verified: unknown): string | undefined {
  if (verified !== true || typeof email !== 'string') return undefined
  return emailFault(email) === undefined ? email : undefined
}

/**
 * The address in what a provider says at several places, where it stands beside one of the claims `verifiedBy`: whatever speaks against
 * it counts, another address as well as a claim that says anything but `true`.
 */
export function leastTrustedEmail(
  statements: readonly Readonly<Record<string, unknown>>[],
  verifiedBy: readonly string[],
): string | undefined {
  const stated = statements.filter((statement) => statement['email'] !== undefined)
  const addresses = new Set(stated.map(({ email }) => (typeof email === 'string' ? email.toLowerCase() : email)))
  const isDenied = statements.some((statement) => verifiedBy.some((claim) => (statement[claim] ?? true) !== true))
  if (isDenied || addresses.size !== 1) return undefined
  const [vouched] = stated.filter((statement) => verifiedBy.some((claim) => statement[claim] === true))
  return verifiedEmail(vouched?.['email'], vouched !== undefined)
}

/** Whether a provider answers for an address today. */
export function emailStanding(
  answersFor: UpstreamPreset['answersFor'],
  email: string | undefined,
  claims: Readonly<Record<string, unknown>>,
): UpstreamIdentity['emailIs'] {
  if (email === undefined || answersFor === 'none') return 'once confirmed'
  if (answersFor === 'all') return 'theirs now'
  const named = claims[answersFor.claim]
  const domains = typeof named === 'string' ? [...answersFor.domains, named] : answersFor.domains
  return isOfDomains(email, domains) ? 'theirs now' : 'once confirmed'
}

/** When somebody proved who they are (OpenID Connect Core §2); a time that has not come yet says nothing. */
export function authTimeIn(claims: Readonly<Record<string, unknown>>, now: number): number | undefined {
  const time = claims['auth_time']
  if (typeof time !== 'number' || !Number.isSafeInteger(time) || time <= 0 || time > now + skewSeconds) return undefined
  return Math.min(time, Math.floor(now))
}

/** The first that can be shown for a name. */
export function showableName(...names: readonly unknown[]): string | undefined {
  return names.find((name): name is string => typeof name === 'string' && isShowable(name))
}

function isShowable(name: string): boolean {
  return name.trim() !== '' && name.length <= longestName && !/(?! )[\p{C}\p{Z}]/u.test(name)
}
