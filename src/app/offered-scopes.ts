import type { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import type { Operation } from '../core/operation/operation.js'
import type { Settings } from './settings/settings.js'
import { isElevatable } from '../core/permission/graph/step-up.js'
import { scopesNamedBy } from '../core/permission/requirement/requirement.js'

/** Our own authorization server adds it where nobody asks for it; others refuse whoever asks for a scope that they do not know. */
const base = 'mcp'

/** Every scope that an operation names, so that whoever signs in can be granted what the tools ask for. */
export function offeredScopes(catalogue: OperationCatalogue): readonly string[] {
  return [...new Set([base, ...namedBy(catalogue.all())])]
}

/**
 * The scopes that clients are told to ask for at first: what elevatable operations alone need is asked for when it is needed (Model
 * Context Protocol, `basic/security_best_practices`, Scope Minimization).
 */
export function basicScopes(
  catalogue: OperationCatalogue,
  { issuers, ownIssuer }: Pick<Settings, 'issuers' | 'ownIssuer'>,
): readonly string[] {
  const named = namedBy(catalogue.all().filter((operation) => !isElevatable(operation)))
  return [...new Set(ownIssuer === 'served' && issuers.length === 0 ? [base, ...named] : named)]
}

function namedBy(operations: readonly Operation[]): readonly string[] {
  return operations.flatMap(({ protection }) =>
    protection.access === 'protected' ? scopesNamedBy(protection.requirement) : [],
  )
}
