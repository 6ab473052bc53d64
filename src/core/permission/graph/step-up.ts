import { claimOf, type Holding } from '../holding.js'
import type { Protected } from '../protection.js'
import { scopesNamedBy } from '../requirement/requirement.js'
import type { Verdict } from './compiled-requirement.js'

/** The scope that asks for a refresh token (OpenID Connect Core §11); no challenge names it. */
export const offlineAccess = 'offline_access'

/** More than this goes into no header, so nobody is told to ask for it. */
const longestRequest = 1_024

/** Whether callers who lack nothing but scopes are told that an operation is there. */
export function isElevatable({ protection }: Pick<Protected, 'protection'>): boolean {
  return protection.access === 'protected' && protection.elevatable === true
}

/** The scopes that an elevatable operation may make somebody ask for. How long a client may act is not for operations to say. */
export function elevatableScopes({ protection }: Pick<Protected, 'protection'>): readonly string[] {
  if (protection.access !== 'protected' || !isElevatable({ protection })) return []
  return scopesNamedBy(protection.requirement).filter((scope) => scope !== offlineAccess)
}

/** The scopes that another token of the same issuer may have: none where its tokens say no scopes at all. */
export function obtainableScopes({ asserted, stored }: Pick<Holding, 'asserted' | 'stored'>): readonly string[] {
  return claimOf(asserted, 'scopes') === undefined ? [] : stored.scopes
}

/** Those that the tenant's database grants and the token lacks. */
export function offeredBy(scopes: readonly string[], holding: Holding): readonly string[] {
  const obtainable = obtainableScopes(holding)
  return scopes.filter((scope) => obtainable.includes(scope) && !holding.effective.scopes.includes(scope))
}

/**
 * Those of `offered` without any of which the decision would not be as good as with all, the first named rather than the last;
 * `undefined` where not even all of them are enough.
 */
export function scopesToAdd(
  offered: readonly string[],
  decide: (scopes: readonly string[]) => Verdict,
): readonly string[] | undefined {
  if (offered.length === 0) return undefined
  const verdict = decide(offered)
  if (verdict === 'deny') return undefined
  let needed = offered
  for (const scope of offered.toReversed()) {
    const fewer = needed.filter((other) => other !== scope)
    if (decide(fewer) === verdict) needed = fewer
  }
  return needed.join(' ').length > longestRequest ? undefined : needed
}
