import type { AccessExplanation, Explanation } from '../../core/permission/graph/explanation.js'
import { nounOf, type Grants } from '../../core/permission/grants.js'
import { nameInWords } from '../../core/permission/requirement/requirement-words.js'
import type { GrantSource } from '../../core/permission/standing.js'

/** What an account is assigned, and what its tenant counts as granted. */
export interface Assigned {
  readonly grants: Grants
  readonly source: GrantSource
}

/**
 * What would have to change for the operation to be allowed, each an instruction; nothing where it is allowed. Of an account that
 * signs in here: no advice is about a claim that tokens of this installation's own issuer do not have.
 */
export function remediesFor(
  { barriers, requirement, stepUp, verdict }: AccessExplanation,
  assigned: Assigned,
): readonly string[] {
  if (verdict !== 'deny') return []
  if (barriers.includes('account-disabled')) return ['enable the account']
  if (barriers.includes('account-unknown')) return ['create the account']
  if (requirement === undefined || requirement.verdict !== 'deny') return []
  if (stepUp !== undefined) return [stepUpRemedy(stepUp)]
  const parts = requirement.kind === 'allOf' ? requirement.of : [requirement]
  return [...new Set(parts.flatMap((part) => remedyOf(part, assigned) ?? []))]
}

/** Clients do it by themselves: the answer to the call says what to ask for. */
function stepUpRemedy(scopes: readonly string[]): string {
  return `step up with the ${scopes.length === 1 ? 'scope' : 'scopes'} ${scopes.map(nameInWords).join(' and ')}`
}

type Grant = Explanation & { readonly kind: 'grant' }

function remedyOf(part: Explanation, assigned: Assigned): string | undefined {
  if (part.verdict !== 'deny') return undefined
  switch (part.kind) {
    case 'grant':
      return grantRemedy(part, assigned)
    case 'policy':
      return `satisfy the policy ${nameInWords(part.policy)}`
    case 'not':
      return takeAway(part.of, assigned)
    case 'allOf':
      return listed(part.of, { assigned, joint: ' and ' })
    case 'anyOf':
      return listed(part.of, { assigned, joint: ', or ' })
  }
}

function grantRemedy(part: Grant, { grants, source }: Assigned): string {
  const { category, name, obstacles } = part
  const grant = wordsOf(part)
  // Tokens do not say permissions: where the account's own do not count, its roles bring them along.
  if (category === 'permissions' && source === 'catalogue') {
    return `let a role of the account carry the ${grant} in the tenant's database`
  }
  if (obstacles.includes('not-in-database') || !grants[category].includes(name)) {
    return `grant the ${grant} in the tenant's database`
  }
  return obstacles.includes('outside-scope')
    ? `sign in with the ${grant}`
    : `sign in again for a token with the ${grant}`
}

/** Only what the account has: that it may have something which nothing speaks of cannot be taken away. */
function takeAway(part: Explanation, { grants }: Assigned): string | undefined {
  const present = mentioned(part).filter(
    ({ category, inToken, name }) => inToken === 'yes' || grants[category].includes(name),
  )
  return present.length === 0 ? undefined : `take away ${present.map(wordsOf).join(', ')}`
}

function mentioned(part: Explanation): readonly Grant[] {
  if (part.verdict !== 'allow') return []
  if (part.kind === 'grant') return [part]
  return part.kind === 'allOf' || part.kind === 'anyOf' ? part.of.flatMap(mentioned) : []
}

function wordsOf({ category, name }: Grant): string {
  return `${nounOf(category)} ${nameInWords(name)}`
}

function listed(
  parts: readonly Explanation[],
  { assigned, joint }: { readonly assigned: Assigned; readonly joint: string },
): string | undefined {
  const remedies = parts.flatMap((part) => remedyOf(part, assigned) ?? [])
  return remedies.length === 0 ? undefined : [...new Set(remedies)].join(joint)
}
