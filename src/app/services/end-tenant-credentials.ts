import { AuthSecError } from '../../core/error/auth-sec-error.js'
import type { RegisteredTenant } from '../../core/administration/registered-tenant.js'
import type { CredentialStore } from '../../core/credential/credential-store.js'
import type { Installation } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { withCredentials } from './with-credentials.js'

type Work = Installation & { readonly tenant: RegisteredTenant }

/**
 * Destroys every credential that is kept for a tenant outside of its database, also what no service of it knows any more. May be cut
 * off and done again. Throws `RefusedError` where some are left, or may be.
 */
export async function endTenantCredentials(work: Work): Promise<void> {
  const { settings, tenant } = work
  if (settings.vault === undefined) return requireNone(work)
  let destroyed = 0
  try {
    await withCredentials(work, async (store) => {
      destroyed += await destroyAll(store, tenant)
      // Whoever had begun to write before the tenant was suspended has ended by now, or is found out.
      destroyed += await destroyAll(store, tenant)
    })
  } catch (error) {
    if (!(error instanceof AuthSecError)) throw error
    const done = destroyed === 0 ? 'its credentials are' : `${destroyed} of its credentials are destroyed, the others`
    throw notDeleted(tenant, `${done} still in HashiCorp Vault (${error.message})`, error)
  }
}

async function destroyAll(store: CredentialStore, tenant: RegisteredTenant): Promise<number> {
  const places = await store.list(tenant)
  for (const place of places) await store.destroy(place)
  return places.length
}

/** In development they go with the database. Elsewhere they are in a Vault that this command has not been told of. */
async function requireNone({ postgres, settings, tenant }: Work): Promise<void> {
  if (settings.mode === 'development' || tenant.state === 'deleting') return
  const services = await postgres.services.list(tenant)
  if (services.every(({ credentialVersion, users }) => credentialVersion === 0 && users === 0)) return
  throw notDeleted(
    tenant,
    'its services have credentials in HashiCorp Vault, and AUTHSEC_VAULT_ADDR says not where that is',
  )
}

function notDeleted({ slug }: RegisteredTenant, reason: string, cause?: unknown): RefusedError {
  const remedy = 'delete it again when that is mended, or say --leave-credentials and destroy them yourself'
  return new RefusedError(`${slug} is suspended and not deleted: ${reason}; ${remedy}`, { cause })
}
