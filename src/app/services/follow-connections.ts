import type { ConnectionPlace } from '../../core/administration/service-administration.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Installation } from '../administration/with-tenant.js'
import { usableService } from './find-service.js'
import { takeBackTokens } from './take-back-tokens.js'
import { destroyCredentials } from './with-credentials.js'

/**
 * Notes who has signed in at services. What that answers with takes the tokens of those back who have not any more, destroys them, and says
 * in a sentence each why some are still there, or still good.
 */
export async function followConnections(installation: Work): Promise<() => Promise<readonly string[]>> {
  const { postgres, tenant } = installation
  const before = await postgres.services.connections(tenant)
  return async () => {
    if (before.length === 0) return []
    const after = new Set((await postgres.services.connections(tenant)).map(({ account }) => account))
    const ended = before.filter(({ account }) => !after.has(account))
    if (ended.length === 0) return []
    const warnings = await takeBack(installation, ended)
    const left = await destroyCredentials(installation, () =>
      Promise.resolve(ended.map(({ account, service }) => ({ tenant, service, account }))),
    )
    const remedy = `Try again: authsec service delete --leftovers --tenant ${tenant.slug}`
    return [...warnings, ...left.map((reason) => `tokens for services are still there: ${reason}. ${remedy}`)]
  }
}

type Work = Installation & { readonly tenant: Tenant }

/** Of services that are there no more, or cannot be used as they are stored, nobody knows where they take tokens back. */
async function takeBack(work: Work, ended: readonly ConnectionPlace[]): Promise<readonly string[]> {
  const { postgres, tenant } = work
  const services = new Map((await postgres.services.list(tenant)).map((service) => [service.id, service]))
  const warnings: string[] = []
  for (const [id, service] of services) {
    const users = ended.filter((connection) => connection.service === id)
    if ('fault' in service.settings) continue
    warnings.push(...(await takeBackTokens(work, { tenant, service: usableService(service), users })).warnings)
  }
  return [...new Set(warnings)]
}
