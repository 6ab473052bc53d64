import { sql, type Kysely } from 'kysely'
import { eachCategory, type Category, type Grants } from '../../../core/permission/grants.js'
import type { GrantCatalogue, RoleBundle } from '../../../core/permission/standing.js'
import type { TenantSchema } from '../schema/tenant-schema.js'

interface CatalogueRow extends Grants {
  readonly groupRoles: Readonly<Record<string, readonly string[]>>
  readonly roleScopes: Readonly<Record<string, readonly string[]>>
  readonly roleResources: Readonly<Record<string, readonly string[]>>
  readonly rolePermissions: Readonly<Record<string, readonly string[]>>
}

const tables: Readonly<Record<Category, string>> = {
  roles: 'role',
  groups: 'user_group',
  scopes: 'scope',
  resources: 'resource',
  permissions: 'permission',
}

/** Everything that a tenant has to grant, by one statement and so of one state. */
export async function readCatalogue(db: Kysely<TenantSchema>): Promise<GrantCatalogue> {
  const { rows } = await sql<CatalogueRow>`
    select
      ${names('roles')} as roles, ${names('groups')} as groups, ${names('scopes')} as scopes,
      ${names('resources')} as resources, ${names('permissions')} as permissions,
      ${bundles({ from: 'user_group', links: 'group_role', fromId: 'group_id', to: 'role' })} as "groupRoles",
      ${bundles({ from: 'role', links: 'role_scope', fromId: 'role_id', to: 'scope' })} as "roleScopes",
      ${bundles({ from: 'role', links: 'role_resource', fromId: 'role_id', to: 'resource' })} as "roleResources",
      ${bundles({ from: 'role', links: 'role_permission', fromId: 'role_id', to: 'permission' })} as "rolePermissions"
  `.execute(db)
  const [row] = rows
  if (row === undefined) throw new TypeError('a statement without a source has one row')
  return {
    names: eachCategory((category) => row[category]),
    roles: new Map(row.roles.map((role) => [role, bundleOf(row, role)])),
    groups: new Map(row.groups.map((group) => [group, own(row.groupRoles, group)])),
  }
}

function bundleOf({ rolePermissions, roleResources, roleScopes }: CatalogueRow, role: string): RoleBundle {
  return { scopes: own(roleScopes, role), resources: own(roleResources, role), permissions: own(rolePermissions, role) }
}

/** A name may be that of a member that every object has. */
function own(record: Readonly<Record<string, readonly string[]>>, name: string): readonly string[] {
  return Object.hasOwn(record, name) ? (record[name] ?? []) : []
}

function names(category: Category) {
  return sql`array(select name from ${sql.table(tables[category])} order by name collate "C")`
}

interface Links {
  readonly from: string
  readonly links: string
  readonly fromId: string
  readonly to: string
}

function bundles({ from, links, fromId, to }: Links) {
  return sql`(
    select coalesce(jsonb_object_agg(owner, carried), '{}') from (
      select f.name as owner, jsonb_agg(t.name order by t.name collate "C") as carried
      from ${sql.table(links)} l join ${sql.table(from)} f on f.id = l.${sql.ref(fromId)}
      join ${sql.table(to)} t on t.id = l.${sql.ref(`${to}_id`)}
      group by f.name
    ) as bundle
  )`
}
