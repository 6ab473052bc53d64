import type { Category } from '../../../core/permission/grants.js'

/** Where the names of a category are, and what accounts are assigned of it. */
export const grantTables = {
  roles: { names: 'role', links: 'account_role', column: 'role_id' },
  groups: { names: 'user_group', links: 'account_group', column: 'group_id' },
  scopes: { names: 'scope', links: 'account_scope', column: 'scope_id' },
  resources: { names: 'resource', links: 'account_resource', column: 'resource_id' },
  permissions: { names: 'permission', links: 'account_permission', column: 'permission_id' },
} as const satisfies Record<Category, object>
