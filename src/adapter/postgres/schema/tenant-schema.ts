import type { Generated } from 'kysely'
import type { AuditEventTable } from './audit-schema.js'
import type { MigrationSchema } from './migrate.js'

/** A tenant's database: its accounts, what there is to grant, and who is granted what. */
export interface TenantSchema extends MigrationSchema {
  readonly account: AccountTable
  readonly role: NameTable
  readonly user_group: NameTable
  readonly scope: NameTable
  readonly resource: NameTable
  readonly permission: NameTable
  readonly account_role: OfAccount & { readonly role_id: string }
  readonly account_group: OfAccount & { readonly group_id: string }
  readonly account_scope: OfAccount & { readonly scope_id: string }
  readonly account_resource: OfAccount & { readonly resource_id: string }
  readonly account_permission: OfAccount & { readonly permission_id: string }
  readonly group_role: { readonly group_id: string; readonly role_id: string }
  readonly role_scope: OfRole & { readonly scope_id: string }
  readonly role_resource: OfRole & { readonly resource_id: string }
  readonly role_permission: OfRole & { readonly permission_id: string }
  readonly audit_event: AuditEventTable
}

interface AccountTable {
  readonly id: Generated<string>
  readonly email: string
  readonly name: string | null
  readonly password_hash: string | null
  readonly disabled_at: Date | null
  readonly created_at: Generated<Date>
}

interface NameTable {
  readonly id: Generated<string>
  readonly name: string
}

interface OfAccount {
  readonly account_id: string
}

interface OfRole {
  readonly role_id: string
}
