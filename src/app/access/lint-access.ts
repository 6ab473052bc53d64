import type { Finding, LintTenant } from '../../core/permission/lint/finding.js'
import { lintGraph } from '../../core/permission/lint/lint-graph.js'
import { readAskers } from './read-askers.js'
import { hasDatabase, readTenants, type Place } from './read-tenants.js'

export interface LintQuestion extends Place {
  readonly database: 'look' | 'ignore'
}

export interface LintedAccess {
  readonly findings: readonly Finding[]
  /** Slugs of the tenants whose databases were looked at; `undefined` where none was. */
  readonly tenants: readonly string[] | undefined
  /** Slugs of those of them that let users of other issuers in, who are not counted. */
  readonly uncounted: readonly string[]
}

/** What somebody should look at in the app's protections, compared with the tenants' databases where there are any. */
export async function lintAccess(question: LintQuestion): Promise<LintedAccess> {
  const tenants = await lintTenants(question)
  return {
    findings: lintGraph(question.app.catalogue.permissions, tenants === undefined ? {} : { tenants }),
    tenants: tenants?.map(({ tenant }) => tenant),
    uncounted: (tenants ?? []).flatMap(({ others, tenant }) => (others === 'possible' ? [tenant] : [])),
  }
}

/** A tenant that is asked for has to be there. */
async function lintTenants(question: LintQuestion): Promise<readonly LintTenant[] | undefined> {
  if (question.database === 'ignore') return undefined
  if (question.tenant === undefined && !hasDatabase(question)) return undefined
  return readTenants(question, async (readable) => {
    const tenants: LintTenant[] = []
    for (const tenant of readable.tenants) {
      const catalogue = await readable.postgres.grants.readCatalogue(tenant)
      const { accounts, others } = await readAskers(readable, tenant)
      const services = (await readable.postgres.services.list(tenant)).map(({ name }) => name)
      const askers = accounts.map(({ asker }) => asker)
      tenants.push({ tenant: tenant.slug, catalogue, services, askers, others })
    }
    return tenants
  })
}
