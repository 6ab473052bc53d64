import type { Tenant } from '../../core/identity/tenant.js'
import type { Installation } from '../administration/with-tenant.js'
import { destroyCredentials } from './with-credentials.js'

/**
 * Notes who has signed in at services. What that answers with destroys the tokens of those who have not any more, and says in a sentence
 * each why some are still there.
 */
export async function followConnections(
  installation: Installation & { readonly tenant: Tenant },
): Promise<() => Promise<readonly string[]>> {
  const { postgres, tenant } = installation
  const before = await postgres.services.connections(tenant)
  return async () => {
    if (before.length === 0) return []
    const after = new Set((await postgres.services.connections(tenant)).map(({ account }) => account))
    const ended = before.filter(({ account }) => !after.has(account))
    if (ended.length === 0) return []
    const left = await destroyCredentials(installation, () =>
      Promise.resolve(ended.map(({ account, service }) => ({ tenant, service, account }))),
    )
    return left.map((reason) => {
      return `tokens for services are still there: ${reason}. Try again: authsec service delete --leftovers --tenant ${tenant.slug}`
    })
  }
}
