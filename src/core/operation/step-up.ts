import type { Caller } from '../identity/caller.js'
import { offlineAccess } from '../permission/graph/step-up.js'
import { grantNameProblem } from '../permission/requirement/grant-name.js'

/** What a caller is told who lacks nothing but scopes. */
export interface StepUp {
  /** What the token lacks. */
  readonly missing: readonly string[]
  /** What to ask for: what is missing and what the token has, because clients replace what they asked for before. */
  readonly scopes: readonly string[]
}

/** They have to fit into a header, and into the query of an authorization request. */
const longestList = 2_048

/** The step-up to what is missing. What the token has follows as far as there is room, the operation's own scopes before others. */
export function stepUpTo(missing: readonly string[], { holding }: Caller, own: readonly string[]): StepUp {
  const held = (holding.asserted.scopes ?? []).filter(isAskable)
  const wanted = new Set([...missing, ...held.filter((scope) => own.includes(scope)), ...held])
  const scopes: string[] = []
  let length = 0
  for (const scope of wanted) {
    length += scope.length + 1
    if (length > longestList) break
    scopes.push(scope)
  }
  return { missing, scopes }
}

function isAskable(scope: string): boolean {
  return scope !== offlineAccess && grantNameProblem('scopes', scope) === undefined
}
