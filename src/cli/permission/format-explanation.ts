import type { AccessExplanation, Explanation } from '../../core/permission/graph/explanation.js'
import type { Verdict } from '../../core/permission/graph/compiled-requirement.js'
import { nounOf } from '../../core/permission/grants.js'
import { nameInWords, visible } from '../../core/permission/requirement/requirement-words.js'
import { remediesFor, type Assigned } from './remedies.js'

const marks: Readonly<Record<Verdict, string>> = { allow: '✓', deny: '✗', unknown: '?' }

export interface Explained {
  /** Who asks, such as `ana@company.com of acme-corp`. */
  readonly who: string
  readonly explanation: AccessExplanation
  readonly assigned: Assigned
}

/** A verdict in a sentence, the requirement as a tree, and what would change the verdict. */
export function formatExplanation({ assigned, explanation, who }: Explained): string {
  const { barriers, requirement } = explanation
  const remedies = remediesFor(explanation, assigned)
  return [
    [sentence(visible(who), explanation), ...barriers.map((barrier) => `✗ ${barrierWords[barrier]}`)].join('\n'),
    ...(requirement === undefined ? [] : [treeLines(requirement, 'counts').join('\n')]),
    ...(remedies.length === 0 ? [] : [['What would help:', ...remedies.map((text) => `- ${text}`)].join('\n')]),
  ].join('\n\n')
}

function sentence(who: string, { access, operation: name, requirement, verdict }: AccessExplanation): string {
  const operation = nameInWords(name)
  if (access === 'public') return `${who} may use ${operation}: it is public, for everybody who reaches the server.`
  switch (verdict) {
    case 'allow':
      return `${who} may use ${operation}.`
    case 'deny':
      return `${who} may not use ${operation}.`
    case 'unknown':
      return `${who} may use ${operation} unless ${openPolicies(requirement)} refuses the call.`
  }
}

const barrierWords = {
  'account-disabled': 'the account is disabled',
  'account-unknown': 'the tenant has no such account',
  'bearer-needed': 'it takes a bearer token: signing in with the five tools is not enough',
  'nobody-authenticated': 'nobody is signed in',
  'no-sign-in-here': 'clients cannot sign in here',
} as const

function openPolicies(part: Explanation | undefined): string {
  const names = part === undefined ? [] : [...new Set(undecided(part))]
  return names.length === 0 ? 'a policy' : `the policy ${names.map(nameInWords).join(' or ')}`
}

function undecided(part: Explanation): readonly string[] {
  if (part.verdict !== 'unknown') return []
  if (part.kind === 'policy') return [part.policy]
  return part.kind === 'allOf' || part.kind === 'anyOf' ? part.of.flatMap(undecided) : []
}

/** What a part is looked at for: whether it counts, or, below "none of", whether it is mentioned at all. */
type Sense = 'counts' | 'mentioned'

function treeLines(part: Explanation, sense: Sense): readonly string[] {
  const line = `${marks[part.verdict]} ${wordsOf(part, sense)}`
  return [line, ...childrenOf(part).flatMap((child) => treeLines(child, senseWithin(part, sense)).map(indented))]
}

function indented(line: string): string {
  return `  ${line}`
}

function senseWithin({ kind }: Explanation, sense: Sense): Sense {
  return kind === 'not' ? 'mentioned' : sense
}

function childrenOf(part: Explanation): readonly Explanation[] {
  switch (part.kind) {
    case 'allOf':
    case 'anyOf':
      return part.of
    case 'not':
      return [part.of]
    case 'grant':
    case 'policy':
      return []
  }
}

function wordsOf(part: Explanation, sense: Sense): string {
  switch (part.kind) {
    case 'grant':
      return `${nounOf(part.category)} ${nameInWords(part.name)}${placeOf(part, sense)}`
    case 'policy':
      return `policy ${nameInWords(part.policy)}${part.verdict === 'unknown' ? ': asked on each call' : ''}`
    case 'not':
      return 'neither the token nor the database mentions'
    case 'allOf':
      return part.of.length === 0 ? 'signed in' : 'all of'
    case 'anyOf':
      return part.of.length === 0 ? 'nobody' : 'any of'
  }
}

type Grant = Explanation & { readonly kind: 'grant' }

function placeOf(part: Grant, sense: Sense): string {
  if (part.verdict === 'allow') return sense === 'counts' ? '' : `: ${mentionOf(part)}`
  const words = [
    ...(part.obstacles.includes('account-disabled') ? ['the account is disabled'] : []),
    ...(part.obstacles.includes('account-unknown') ? ['the tenant has no such account'] : []),
    ...absence(part),
  ]
  return words.length === 0 ? '' : `: ${words.join('; ')}`
}

function absence({ obstacles }: Grant): readonly string[] {
  const inToken = !obstacles.includes('not-in-token')
  const inDatabase = !obstacles.includes('not-in-database')
  if (obstacles.includes('outside-scope')) return ['in the database, but outside the scope of the token']
  if (!inToken && !inDatabase) return ['neither in the token nor in the database']
  if (!inToken) return ['in the database, but not in the token']
  return inDatabase ? [] : ['not in the database']
}

function mentionOf({ inDatabase, inToken }: Grant): string {
  if (inToken === 'yes') return inDatabase === 'yes' ? 'in the token and in the database' : 'in the token'
  return inDatabase === 'yes' ? 'in the database' : 'it cannot be told that it is absent'
}
