import type { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import type { Operation } from '../core/operation/operation.js'
import { isElevatable } from '../core/permission/graph/step-up.js'
import { scopesNamedBy } from '../core/permission/requirement/requirement.js'

const base = 'mcp'

/** Every scope that an operation names, so that whoever signs in can be granted what the tools ask for. */
export function offeredScopes(catalogue: OperationCatalogue): readonly string[] {
  return scopesOf(catalogue.all())
}

/**
 * The scopes that clients are told to ask for at first: what elevatable operations alone need is asked for when it is needed (Model
 * Context Protocol, `basic/security_best_practices`, Scope Minimization).
 */
export function basicScopes(catalogue: OperationCatalogue): readonly string[] {
  return scopesOf(catalogue.all().filter((operation) => !isElevatable(operation)))
}

function scopesOf(operations: readonly Operation[]): readonly string[] {
  const named = operations.flatMap(({ protection }) =>
    protection.access === 'protected' ? scopesNamedBy(protection.requirement) : [],
  )
  return [...new Set([base, ...named])]
}
