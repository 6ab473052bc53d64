import type { AccessExplanation, Explanation } from '../../core/permission/graph/explanation.js'
import { nounOf } from '../../core/permission/grants.js'

/** What would have to change for the operation to be allowed, each an instruction; nothing where it is allowed. */
export function remediesFor({ barriers, requirement, verdict }: AccessExplanation): readonly string[] {
  if (verdict !== 'deny') return []
  if (barriers.includes('account-disabled')) return ['enable the account']
  if (barriers.includes('account-unknown')) return ['create the account']
  if (requirement === undefined || requirement.verdict !== 'deny') return []
  const parts = requirement.kind === 'allOf' ? requirement.of : [requirement]
  return [...new Set(parts.flatMap((part) => remedyOf(part) ?? []))]
}

function remedyOf(part: Explanation): string | undefined {
  if (part.verdict !== 'deny') return undefined
  switch (part.kind) {
    case 'grant':
      return grantRemedy(part)
    case 'policy':
      return `satisfy the policy ${part.policy}`
    case 'not':
      return takeAway(part.of)
    case 'allOf':
      return listed(part.of.map(remedyOf), ' and ')
    case 'anyOf':
      return listed(part.of.map(remedyOf), ', or ')
  }
}

function grantRemedy({ category, name, obstacles }: Explanation & { readonly kind: 'grant' }): string {
  const grant = `${nounOf(category)} ${name}`
  if (obstacles.includes('not-in-database')) return `grant the ${grant} in the tenant's database`
  return obstacles.includes('outside-scope')
    ? `sign in with the ${grant}`
    : `sign in again for a token with the ${grant}`
}

function takeAway(part: Explanation): string | undefined {
  const present = mentioned(part).map((grant) => `${nounOf(grant.category)} ${grant.name}`)
  return present.length === 0 ? undefined : `take away ${present.join(', ')}`
}

function mentioned(part: Explanation): readonly (Explanation & { readonly kind: 'grant' })[] {
  if (part.verdict !== 'allow') return []
  if (part.kind === 'grant') return [part]
  return part.kind === 'allOf' || part.kind === 'anyOf' ? part.of.flatMap(mentioned) : []
}

function listed(remedies: readonly (string | undefined)[], joint: string): string | undefined {
  const known = [...new Set(remedies.filter((remedy) => remedy !== undefined))]
  return known.length === 0 ? undefined : known.join(joint)
}
