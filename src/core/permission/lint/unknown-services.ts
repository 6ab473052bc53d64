import type { Fault, LintItem, LintTenant } from './finding.js'
import { similarName } from './similar-name.js'

/** The external services that an operation uses and none of the tenants has. What some have may well be missing in others. */
export function unknownServices({ services = [] }: LintItem, tenants: readonly LintTenant[]): readonly Fault[] {
  const known = tenants.flatMap((tenant) => (tenant.services === undefined ? [] : [tenant.services]))
  if (tenants.length === 0 || known.length < tenants.length) return []
  const names = known.flat()
  return services
    .filter((service) => !names.includes(service))
    .map((service) => ({
      code: 'unknown-service',
      service,
      tenants: tenants.map(({ tenant }) => tenant),
      similar: similarName(service, names),
    }))
}
