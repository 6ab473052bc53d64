import { conflictsOf } from '../trust/issuer-set.js'
import type { TrustedIssuer } from '../trust/trusted-issuer.js'
import type { Change } from './change.js'
import type { IssuerAsWritten } from './issuer-administration.js'
import { quoted } from './known-names.js'
import { differingWords, optionWords } from './option-words.js'

/** What the database has, as far as a change is decided by it. */
export interface IssuerFacts {
  /** The options of the issuer of that name. */
  readonly known: unknown
  /** All others that are right. */
  readonly others: readonly TrustedIssuer[]
}

/** What putting an issuer comes to, or what is in the way of it. */
export function planIssuer(
  { known, others }: IssuerFacts,
  wish: { readonly presence: 'new' | 'any'; readonly trusted: TrustedIssuer; readonly options: IssuerAsWritten },
): { readonly change: Change } | { readonly faults: readonly string[] } {
  const { issuer } = wish.trusted
  if (known !== undefined && wish.presence === 'new') {
    return { faults: [`there is an issuer ${quoted(issuer)} already`] }
  }
  const conflicts = conflictsOf(wish.trusted, others)
  if (conflicts.length > 0) return { faults: conflicts }
  const old = optionWords(known)
  const now = optionWords(wish.options)
  const before = differingWords(old, now)
  const after = differingWords(now, old)
  const change = before.length + after.length === 0 ? 'kept' : 'changed'
  return { change: { action: known === undefined ? 'added' : change, noun: 'issuer', name: issuer, before, after } }
}

/** What removing one comes to. */
export function planRemoval(issuer: string, known: unknown): { readonly change: Change } {
  return {
    change: {
      action: 'removed',
      noun: 'issuer',
      name: issuer,
      before: differingWords(optionWords(known), new Map()),
      after: [],
    },
  }
}
