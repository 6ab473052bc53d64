import type { PermissionGraph } from '../graph/permission-graph.js'
import { describeRequirement } from '../requirement/requirement-words.js'
import type { Requirement } from '../requirement/requirement.js'
import { describeFault } from './fault-words.js'
import type { Fault, Finding, LintItem, LintTenant } from './finding.js'
import { Reasoning } from './reasoning.js'
import { redundanciesIn } from './redundancies.js'
import { unknownNames } from './unknown-names.js'
import { unknownServices } from './unknown-services.js'

export interface LintOptions {
  /** Without tenants, only what the requirements themselves say is looked at. */
  readonly tenants?: readonly LintTenant[]
}

/** What somebody should look at in these protections, by operation in the order of declaration. */
export function lintGraph(graph: PermissionGraph<LintItem>, { tenants = [] }: LintOptions = {}): readonly Finding[] {
  return graph.items.flatMap((item) =>
    faultsOf(item, graph, tenants).map((fault) => ({
      ...fault,
      operation: item.name,
      severity: severityOf(fault, tenants),
      message: describeFault(item.name, fault),
      declaredAt: item.declaredAt,
    })),
  )
}

function faultsOf(item: LintItem, graph: PermissionGraph<LintItem>, tenants: readonly LintTenant[]): readonly Fault[] {
  const { protection } = item
  if (protection.access === 'public') return isDestructive(item) ? [{ code: 'destructive-public' }] : []
  if (protection.access === 'login') return []
  const services = unknownServices(item, tenants)
  const { requirement } = protection
  const reasoning = new Reasoning()
  const unknown = unknownNames(requirement, tenants)
  if (reasoning.canBeMet(requirement) === 'no') {
    return [...unknown, ...services, { code: 'unreachable', requirement: describeRequirement(requirement) }]
  }
  const found: readonly Fault[] = [
    ...unknown,
    ...services,
    ...emptyTenants(item, requirement, { graph, tenants }),
    ...(isDestructive(item) && reasoning.isMetByEverybody(requirement) === 'yes'
      ? [{ code: 'destructive-for-everybody' as const, requirement: describeRequirement(requirement) }]
      : []),
    ...redundanciesIn(requirement, reasoning),
  ]
  return reasoning.gaveUp ? [...found, { code: 'too-complex' }] : found
}

interface Asked {
  readonly graph: PermissionGraph<LintItem>
  readonly tenants: readonly LintTenant[]
}

/** Where there are people who are known, none of whom may call it. */
function emptyTenants(item: LintItem, requirement: Requirement, { graph, tenants }: Asked): readonly Fault[] {
  const empty = tenants.filter(({ askers = [] }) => {
    return askers.length > 0 && askers.every((asker) => graph.decide(item, asker) === 'deny')
  })
  if (empty.length === 0) return []
  const namesOf = (some: readonly LintTenant[]): readonly string[] => some.map(({ tenant }) => tenant)
  return [
    {
      code: 'unreachable-in-tenant',
      requirement: describeRequirement(requirement),
      tenants: namesOf(empty),
      uncounted: namesOf(empty.filter(({ others }) => others === 'possible')),
    },
  ]
}

function isDestructive({ annotations }: LintItem): boolean {
  return annotations?.destructiveHint === true && annotations.readOnlyHint !== true
}

function severityOf(fault: Fault, tenants: readonly LintTenant[]): 'error' | 'warning' {
  switch (fault.code) {
    case 'unreachable':
    case 'destructive-public':
      return 'error'
    case 'unknown-name':
      return fault.sense === 'demanded' && fault.tenants.length === tenants.length ? 'error' : 'warning'
    case 'unknown-service':
    case 'unreachable-in-tenant':
    case 'destructive-for-everybody':
    case 'redundant-demand':
    case 'redundant-alternative':
    case 'impossible-alternative':
    case 'too-complex':
      return 'warning'
  }
}
