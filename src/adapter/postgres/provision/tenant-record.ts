import type { Kysely } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isUuid } from '../storable-text.js'
import type { TenantLogin } from './tenant-login.js'

/** What the registry has of a tenant's database. */
export interface TenantRecord {
  readonly id: string
  readonly slug: string
  readonly database: string
  /** `undefined` for a tenant of an older version that was not used since. */
  readonly login: TenantLogin | undefined
}

export interface EnterableTenant extends TenantRecord {
  readonly login: TenantLogin
}

const purpose = 'tenant login'

/** Throws `UpstreamError` for a tenant that the registry does not have. */
export async function readTenantRecord(
  master: Kysely<MasterSchema>,
  keys: Keyring,
  tenantId: string,
): Promise<TenantRecord> {
  const row = isUuid(tenantId)
    ? await master
        .selectFrom('tenant')
        .select(['id', 'slug', 'database_name', 'login_role', 'sealed_password'])
        .where('id', '=', tenantId)
        .executeTakeFirst()
    : undefined
  if (row === undefined) throw new UpstreamError('TENANT_UNAVAILABLE', 'the tenant is not in the registry')
  const { id, slug, database_name: database, login_role: role, sealed_password: sealed } = row
  if (role === null || sealed === null) return { id, slug, database, login: undefined }
  return { id, slug, database, login: { role, password: keys.open(purpose, sealed, role).toString() } }
}

/** The columns of a login. */
export function sealLogin(keys: Keyring, { role, password }: TenantLogin) {
  return { login_role: role, sealed_password: keys.seal(purpose, Buffer.from(password), role) }
}
