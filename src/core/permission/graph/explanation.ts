import type { Asker } from '../asker.js'
import type { Category } from '../grants.js'
import { claimOf, type AccountState, type Holding } from '../holding.js'
import type { Protected } from '../protection.js'
import type { Requirement } from '../requirement/requirement.js'
import type { Verdict } from './compiled-requirement.js'

/** Why a grant does not count. */
export type Obstacle = 'not-in-token' | 'not-in-database' | 'outside-scope' | 'account-disabled' | 'account-unknown'

/** One part of a requirement with its own verdict. */
export type Explanation =
  | {
      readonly kind: 'grant'
      readonly category: Category
      readonly name: string
      readonly verdict: Verdict
      readonly inToken: 'yes' | 'no' | 'not-declared'
      readonly inDatabase: 'yes' | 'no'
      /** Empty where it counts. */
      readonly obstacles: readonly Obstacle[]
    }
  | { readonly kind: 'allOf' | 'anyOf'; readonly verdict: Verdict; readonly of: readonly Explanation[] }
  /** `of` says what is mentioned, in the token or in the database, not what counts. */
  | { readonly kind: 'not'; readonly verdict: Verdict; readonly of: Explanation }
  | { readonly kind: 'policy'; readonly policy: string; readonly verdict: Verdict }

/** What stands in the way before any grant is looked at. */
export type Barrier =
  'nobody-authenticated' | 'account-disabled' | 'account-unknown' | 'bearer-needed' | 'no-sign-in-here'

/** A decision and everything that led to it. */
export interface AccessExplanation {
  readonly operation: string
  readonly verdict: Verdict
  readonly access: 'public' | 'login' | 'protected'
  readonly barriers: readonly Barrier[]
  /** `undefined` where the operation demands no grants, or where nobody is there to hold any. */
  readonly requirement: Explanation | undefined
  /** The scopes that the token lacks, where the operation is elevatable and nothing else is missing; absent otherwise. */
  readonly stepUp?: readonly string[]
}

/** What the verdict of a part is about: what counts, or, under `not`, what is mentioned at all. */
export type Sense = 'effective' | 'mentioned'

/** What explanations get from whoever decides. */
export interface Decided {
  readonly verdict: Verdict
  readonly stepUp: readonly string[] | undefined
  evaluate(part: Requirement, holding: Holding, sense: Sense): Verdict
}

/** Explains a decision. Every part's verdict comes from the evaluation that decided. */
export function explainAccess({ name, protection }: Protected, asker: Asker, decided: Decided): AccessExplanation {
  const { holding } = asker
  const { access } = protection
  const protectedBy = access === 'protected' ? protection : undefined
  return {
    operation: name,
    verdict: decided.verdict,
    access,
    barriers:
      protectedBy === undefined ? loginBarrier(access, asker) : barriersOf(asker, protectedBy.bearerOnly === true),
    requirement:
      protectedBy === undefined || holding === undefined
        ? undefined
        : explainPart(protectedBy.requirement, { ...decided, holding, sense: 'effective' }),
    ...(decided.stepUp === undefined ? {} : { stepUp: decided.stepUp }),
  }
}

interface Context extends Pick<Decided, 'evaluate'> {
  readonly holding: Holding
  readonly sense: Sense
}

function explainPart(part: Requirement, context: Context): Explanation {
  const { holding } = context
  const verdict = context.evaluate(part, holding, context.sense)
  switch (part.kind) {
    case 'grant':
      return { ...part, verdict, ...sidesOf(part, holding), obstacles: obstaclesOf(part, verdict, holding) }
    case 'allOf':
    case 'anyOf':
      return { kind: part.kind, verdict, of: part.of.map((one) => explainPart(one, context)) }
    case 'not':
      return { kind: 'not', verdict, of: explainPart(part.of, { ...context, sense: 'mentioned' }) }
    case 'policy':
      return { kind: 'policy', policy: part.policy.name, verdict }
  }
}

type Grant = Requirement & { readonly kind: 'grant' }

function sidesOf(
  { category, name }: Grant,
  { asserted, stored }: Holding,
): Pick<Explanation & { kind: 'grant' }, 'inToken' | 'inDatabase'> {
  const claimed = claimOf(asserted, category)
  return {
    inToken: claimed === undefined ? 'not-declared' : claimed.includes(name) ? 'yes' : 'no',
    inDatabase: stored[category].includes(name) ? 'yes' : 'no',
  }
}

function obstaclesOf(grant: Grant, verdict: Verdict, holding: Holding): readonly Obstacle[] {
  if (verdict === 'allow') return []
  const { inDatabase, inToken } = sidesOf(grant, holding)
  const missing = grant.category === 'scopes' ? inToken !== 'yes' : inToken === 'no'
  return [
    ...accountObstacle(holding.account),
    ...(missing
      ? ([grant.category === 'scopes' && inDatabase === 'yes' ? 'outside-scope' : 'not-in-token'] as const)
      : []),
    ...(inDatabase === 'no' ? ['not-in-database' as const] : []),
  ]
}

function barriersOf({ credential, holding }: Asker, bearerOnly: boolean): readonly Barrier[] {
  if (holding === undefined) return ['nobody-authenticated']
  return [
    ...accountObstacle(holding.account),
    ...(bearerOnly && credential !== 'bearer' ? ['bearer-needed' as const] : []),
  ]
}

function loginBarrier(access: 'public' | 'login' | 'protected', { login }: Asker): readonly Barrier[] {
  return access === 'login' && login === 'absent' ? ['no-sign-in-here'] : []
}

function accountObstacle(account: AccountState): readonly ('account-disabled' | 'account-unknown')[] {
  if (account === 'disabled') return ['account-disabled']
  return account === 'unknown' ? ['account-unknown'] : []
}
