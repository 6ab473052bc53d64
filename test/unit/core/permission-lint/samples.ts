import type { Asker } from '../../../../src/core/permission/asker.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { grantsOf, type Grants } from '../../../../src/core/permission/grants.js'
import type { Finding, LintItem, LintTenant } from '../../../../src/core/permission/lint/finding.js'
import { lintGraph } from '../../../../src/core/permission/lint/lint-graph.js'
import { allOf, not, role } from '../../../../src/core/permission/requirement/builders.js'
import type { Requirement } from '../../../../src/core/permission/requirement/requirement.js'

/** An operation with this requirement. */
export function operation(requirement: Requirement, changes: Partial<LintItem> = {}): LintItem {
  return { name: 'sample', protection: { access: 'protected', requirement }, ...changes }
}

/** A tenant that has these names. */
export function tenant(name: string, names: Partial<Grants>, askers?: readonly Asker[]): LintTenant {
  const catalogue = { names: grantsOf(names), roles: new Map(), groups: new Map() }
  return { tenant: name, catalogue, ...(askers !== undefined && { askers }) }
}

/** What is found about one operation with this requirement. */
export function lint(what: Requirement | LintItem, tenants?: readonly LintTenant[]): readonly Finding[] {
  const item = 'kind' in what ? operation(what) : what
  return lintGraph(new PermissionGraph([item]), tenants === undefined ? {} : { tenants })
}

/** The codes of the findings alone. */
export function codes(what: Requirement | LintItem, tenants?: readonly LintTenant[]): readonly string[] {
  return lint(what, tenants).map(({ code }) => code)
}

/** One more pigeon than there are holes: a contradiction that is found by trying nearly everything. */
export function pigeons(holes: number): Requirement {
  const at = (pigeon: number, hole: number): Requirement => role(`${pigeon} in ${hole}`)
  const homes = Array.from({ length: holes + 1 }, (_, pigeon): Requirement => ({
    kind: 'anyOf',
    of: Array.from({ length: holes }, (__, hole) => at(pigeon, hole)),
  }))
  const clashes = Array.from({ length: holes }, (_, hole) =>
    Array.from({ length: holes + 1 }, (__, one) =>
      Array.from({ length: one }, (___, other) => not(allOf(at(one, hole), at(other, hole)))),
    ),
  ).flat(2)
  return { kind: 'allOf', of: [...homes, ...clashes] }
}
