import { AuthSecError } from '../../core/error/auth-sec-error.js'
import type { RegisteredTenant } from '../../core/administration/registered-tenant.js'
import type { CredentialPlace, CredentialStore } from '../../core/credential/credential-store.js'
import type { Installation } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { withCredentials } from './with-credentials.js'

type Work = Pick<Installation, 'postgres' | 'settings'> & { readonly tenant: RegisteredTenant }

/**
 * Destroys every credential that is kept for a tenant outside of its database, also what no service of it knows any more, then has the
 * tenant removed. May be cut off and done again. Throws `RefusedError` where some are left, or may be; answers with why some may have
 * come and stayed after that, a sentence each.
 */
export async function endTenantCredentials(work: Work, remove: () => Promise<void>): Promise<readonly string[]> {
  const { settings, tenant } = work
  if (settings.vault === undefined) {
    await requireNone(work)
    await remove()
    return []
  }
  let destroyed = 0
  let isEnded = false
  try {
    const used = tenant.state === 'deleting' ? [] : await placesInUse(work)
    return await withCredentials(work, async (store) => {
      if (used.length > 0) await requireAny(store, work, used)
      destroyed += await destroyAll(store, tenant)
      // Whoever had begun to write before the tenant was suspended has ended by now, or is found out.
      destroyed += await destroyAll(store, tenant)
      isEnded = true
      await remove()
      return await destroyLate(store, tenant)
    })
  } catch (error) {
    if (isEnded || !(error instanceof AuthSecError)) throw error
    const done = destroyed === 0 ? 'its credentials are' : `${destroyed} of its credentials are destroyed, the others`
    throw notDeleted(tenant, `${done} still in HashiCorp Vault (${error.message})`, error)
  }
}

/** Where the tenant's database says that there is something. */
async function placesInUse({ postgres, tenant }: Work): Promise<readonly CredentialPlace[]> {
  const services = (await postgres.services.list(tenant)).filter(({ credentialVersion }) => credentialVersion > 0)
  const connections = await postgres.services.connections(tenant)
  return [
    ...services.map(({ id }) => ({ tenant, service: id, account: undefined })),
    ...connections.map(({ account, service }) => ({ tenant, service, account })),
  ]
}

/** In another mount or namespace there is nothing to destroy either. Throws `RefusedError`. */
async function requireAny(store: CredentialStore, { tenant }: Work, used: readonly CredentialPlace[]): Promise<void> {
  const kept = new Set((await store.list(tenant)).map(nameOf))
  if (used.some((place) => kept.has(nameOf(place)))) return
  throw notDeleted(
    tenant,
    'HashiCorp Vault has none of the credentials that its services use: AUTHSEC_VAULT_MOUNT or AUTHSEC_VAULT_NAMESPACE may be ' +
      'that of another installation, or they have been destroyed already',
  )
}

function nameOf({ account, service }: CredentialPlace): string {
  return JSON.stringify([service, account])
}

async function destroyAll(store: CredentialStore, tenant: RegisteredTenant): Promise<number> {
  const places = await store.list(tenant)
  for (const place of places) await store.destroy(place)
  return places.length
}

/** A user who was signing in at a service may have been given tokens until now. */
async function destroyLate(store: CredentialStore, tenant: RegisteredTenant): Promise<readonly string[]> {
  try {
    await destroyAll(store, tenant)
    return []
  } catch (error) {
    if (!(error instanceof AuthSecError)) throw error
    const place = `tenants/${tenant.id}`
    return [`what was written while it was deleted may still be in HashiCorp Vault below ${place} (${error.message})`]
  }
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
