import type { RegisteredTenant, TenantClaim } from '../../core/administration/registered-tenant.js'
import { RefusedError } from '../refused-error.js'
import { endTenantCredentials } from '../services/end-tenant-credentials.js'
import { refuseSecretIdOfServer } from '../services/with-credentials.js'
import { recordChange } from './record-change.js'
import { withInstallation, type Installation } from './with-tenant.js'

export interface NewTenantOptions {
  readonly slug: string
  /** Unless told, that of the export, or the slug. */
  readonly name?: string | undefined
  /** The lines of an export. */
  readonly from?: AsyncIterable<string> | undefined
}

/** What is done before a tenant is deleted. */
export interface Deletion {
  readonly slug: string
  /** Gets the consent of whoever asked, by the slug itself, or throws `RefusedError`. */
  readonly agree: (tenant: RegisteredTenant) => Promise<void>
  /** Keeps what is about to be lost; `undefined` where nobody wants it. */
  readonly keep: ((tenant: RegisteredTenant, write: WriteExport) => Promise<void>) | undefined
  /** What becomes of the credentials of its services. */
  readonly credentials: 'destroyed' | 'left'
}

/** What has become of a deletion, besides that the tenant is no more. */
export interface Deleted {
  readonly exported: 'kept' | 'not wanted' | 'nothing left'
  /** Why credentials that nobody uses any more may still be there, a sentence each. */
  readonly left: readonly string[]
}

/** Writes all lines by `write`; answers with the number of rows. */
export type WriteExport = (write: (line: string) => Promise<void>) => Promise<number>

/** Every tenant by slug, whatever its state. */
export async function listTenants(env: NodeJS.ProcessEnv): Promise<readonly RegisteredTenant[]> {
  return withInstallation(env, ({ postgres }) => postgres.tenantDirectory.list())
}

/** Throws `RefusedError` for a slug or name that cannot be or is taken, and for an export that does not fit. */
export async function createTenant(
  env: NodeJS.ProcessEnv,
  { from, name, slug }: NewTenantOptions,
): Promise<RegisteredTenant> {
  return withInstallation(env, ({ by, postgres }) =>
    refusing(() => postgres.tenantDirectory.create({ slug, name }, by, from)),
  )
}

/** `false` where it was so already. Throws `RefusedError` for a tenant that is not there. */
export async function setTenantState(
  env: NodeJS.ProcessEnv,
  slug: string,
  state: 'active' | 'suspended',
): Promise<boolean> {
  return withTenantOf(env, slug, ({ by, postgres, tenant }) => {
    const { tenantDirectory } = postgres
    if (state === 'suspended') return tenantDirectory.suspend(tenant, by)
    if (tenant.state === 'deleting') throw new RefusedError(`the tenant ${slug} is being deleted`)
    return tenantDirectory.resume(tenant, by)
  })
}

/** `false` where it was so already. Throws `RefusedError` for a claim that cannot be, or that means another tenant. */
export async function setTenantClaim(
  env: NodeJS.ProcessEnv,
  {
    claim,
    presence,
    slug,
  }: { readonly slug: string; readonly claim: TenantClaim; readonly presence: 'added' | 'removed' },
): Promise<boolean> {
  return withTenantOf(env, slug, ({ by, postgres, tenant }) =>
    refusing(() =>
      presence === 'added'
        ? postgres.tenantDirectory.addClaim(tenant, claim, by)
        : postgres.tenantDirectory.removeClaim(tenant, claim, by),
    ),
  )
}

/** Writes the tenant's database by `write`, as it is at one moment; answers with the number of rows. */
export async function exportTenant(
  env: NodeJS.ProcessEnv,
  slug: string,
  write: (line: string) => Promise<void>,
): Promise<number> {
  return withTenantOf(env, slug, async (work) => {
    const rows = await work.postgres.tenantDirectory.export(work.tenant, write)
    await recordChange(work, { action: 'exported', noun: 'tenant', name: slug, after: [`${rows} rows`] })
    return rows
  })
}

/**
 * Removes the tenant for good, with consent and after what is to be kept is kept, and its credentials before it: nobody would find them
 * afterwards. Of one that was cut off after its database was gone there is nothing to keep. Throws `RefusedError`; the tenant is suspended then, where it was not only the export that did not work.
 */
export async function deleteTenant(
  env: NodeJS.ProcessEnv,
  { agree, credentials, keep, slug }: Deletion,
): Promise<Deleted> {
  return withTenantOf(env, slug, async (work) => {
    const { by, postgres, tenant } = work
    const { tenantDirectory } = postgres
    if (credentials === 'destroyed') refuseSecretIdOfServer(work.settings)
    await agree(tenant)
    // Nothing may change behind the export.
    await tenantDirectory.suspend(tenant, by)
    const isThere = tenant.state !== 'deleting' || (await tenantDirectory.hasDatabase(tenant))
    try {
      if (isThere) await keep?.(tenant, (write) => tenantDirectory.export(tenant, write))
    } catch (error) {
      if (tenant.state === 'active') await tenantDirectory.resume(tenant, by)
      throw error
    }
    const remove = () => tenantDirectory.delete(tenant, by)
    const left = credentials === 'destroyed' ? await endTenantCredentials(work, remove) : await remove().then(() => [])
    return { exported: keep === undefined ? 'not wanted' : isThere ? 'kept' : 'nothing left', left }
  })
}

async function withTenantOf<Value>(
  env: NodeJS.ProcessEnv,
  slug: string,
  work: (installation: Installation & { readonly tenant: RegisteredTenant }) => Promise<Value>,
): Promise<Value> {
  return withInstallation(env, async (installation) => {
    const tenant = await installation.postgres.tenantDirectory.find(slug)
    if (tenant === undefined) throw new RefusedError(`no tenant ${slug}; authsec tenant list shows them`)
    return work({ ...installation, tenant })
  })
}

/** What cannot be is the administrator's to mend. */
async function refusing<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof TypeError) throw new RefusedError(error.message, { cause: error })
    throw error
  }
}
