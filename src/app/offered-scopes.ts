import type { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import { scopesNamedBy } from '../core/permission/requirement/requirement.js'

/** Every scope that an operation names, so that whoever signs in can be granted what the tools ask for. */
export function offeredScopes(catalogue: OperationCatalogue): readonly string[] {
  const named = catalogue
    .all()
    .flatMap(({ protection }) => (protection.access === 'protected' ? scopesNamedBy(protection.requirement) : []))
  return [...new Set(['mcp', ...named])]
}
