import { sql, type Kysely } from 'kysely'
import type { RegisteredTenant, TenantState } from '../../../core/administration/registered-tenant.js'
import type { MasterSchema } from '../schema/master-schema.js'

/** Every tenant of the registry by slug, whatever its state; only that of `slug` where it is given. */
export async function listTenants(master: Kysely<MasterSchema>, slug?: string): Promise<readonly RegisteredTenant[]> {
  const query = master
    .selectFrom('tenant')
    .select(['id', 'slug', 'name', 'created_at', 'database_name', 'login_role', 'suspended_at', 'deleting_at'])
    .select([
      sql<readonly { readonly issuer: string; readonly value: string }[]>`coalesce((
        select jsonb_agg(jsonb_build_object('issuer', issuer, 'value', claim_value) order by issuer, claim_value)
        from tenant_issuer where tenant_id = tenant.id
      ), '[]')`.as('claims'),
      sql<readonly string[]>`array(
        select client_id from application where tenant_id = tenant.id order by client_id collate "C"
      )`.as('applications'),
    ])
    .orderBy(sql`slug collate "C"`)
  const rows = await (slug === undefined ? query : query.where('slug', '=', slug)).execute()
  return rows.map((row) => ({
    id: row.id,
    slug: row.slug,
    name: row.name,
    state: stateOf(row),
    createdAt: row.created_at,
    database: row.database_name,
    role: row.login_role ?? undefined,
    claims: row.claims,
    applications: row.applications,
  }))
}

function stateOf(row: { readonly suspended_at: Date | null; readonly deleting_at: Date | null }): TenantState {
  if (row.deleting_at !== null) return 'deleting'
  return row.suspended_at === null ? 'active' : 'suspended'
}
