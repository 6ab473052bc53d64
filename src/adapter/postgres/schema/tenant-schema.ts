import type { Generated } from 'kysely'
import type { AccountSecuritySchema } from './account-schema.js'
import type { AuditTables } from './audit/audit-schema.js'
import type { KeptTokenTable } from './federation-schema.js'
import type { MigrationSchema } from './migrate.js'
import type { AccessRuleTable, AccountIdentityTable, PolicyVersionTable } from './policy-schema.js'
import type { RotationSchema } from './rotation-schema.js'
import type { ServiceSchema } from './service-schema.js'

/** A tenant's database: its accounts, what there is to grant, who is granted what, and who is signed in. */
export interface TenantSchema
  extends MigrationSchema, AccountSecuritySchema, ServiceSchema, RotationSchema, AuditTables {
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
  readonly account_identity: AccountIdentityTable
  readonly access_rule: AccessRuleTable
  readonly sign_up_role: { readonly role_id: string }
  readonly sign_up_domain: { readonly domain: string }
  readonly kept_token: KeptTokenTable
  readonly policy_version: PolicyVersionTable
  readonly session: SessionTable
}

interface AccountTable {
  readonly id: Generated<string>
  readonly email: string
  readonly name: string | null
  readonly password_hash: string | null
  readonly disabled_at: Date | null
  /** Another one with every change of what the account proves itself with. */
  readonly security_stamp: string | null
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

/** Sign-ins with the five tools. */
interface SessionTable {
  readonly key: string
  readonly application: string
  /** `null` for the installation's own issuer, whose address may change. */
  readonly issuer: string | null
  readonly subject: string
  readonly client_id: string
  /** Names by category, as the provider vouched for them. */
  readonly asserted: unknown
  readonly grant_digest: string | null
  /** What the client of the session calls itself; `null` where nobody knows. */
  readonly client_name: string | null
  /** Joins the rows that are on record of it. */
  readonly request_id: string
  /** Seconds since the epoch, as the token said. */
  readonly ends_at: number | null
  readonly created_at: Generated<Date>
  readonly used_at: Generated<Date>
  readonly expires_at: Date
  /** What the provider can be asked again with; `null` where it gave nothing for that. */
  readonly upstream_sealed: Uint8Array | null
  /** Counts the tokens that were there before. */
  readonly upstream_version: Generated<number>
  /** When the provider is to be asked again; while somebody does, when others may. */
  readonly refresh_at: Date | null
  /** How often it was asked in vain for the token that is there. */
  readonly refresh_failures: Generated<number>
}
