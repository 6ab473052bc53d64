import type { Generated } from 'kysely'
import type { AuditTables } from './audit/audit-schema.js'
import type { FederationTransactionTable, IdentityProviderTable } from './federation-schema.js'
import type { MigrationSchema } from './migrate.js'

/** The master database: what is known before, or regardless of, a tenant. */
export interface MasterSchema extends MigrationSchema, AuditTables {
  readonly tenant: TenantTable
  readonly tenant_issuer: TenantIssuerTable
  readonly application: ApplicationTable
  readonly data_key: DataKeyTable
  readonly signing_key: SigningKeyTable
  readonly issuer_record: IssuerRecordTable
  readonly login_transaction: LoginTransactionTable
  readonly transport_session: TransportSessionTable
  readonly rate_limit: RateLimitTable
  readonly trusted_issuer: TrustedIssuerTable
  readonly issuer_logout: IssuerLogoutTable
  readonly identity_provider: IdentityProviderTable
  readonly federation_transaction: FederationTransactionTable
  readonly password_refusal: { readonly tenant_id: string }
}

/** Issuers whose tokens are accepted, besides those of code and environment. */
interface TrustedIssuerTable {
  readonly issuer: string
  /** As they were given, without the secret. */
  readonly options: unknown
  /** Of our client at the issuer; the context is `issuer`. */
  readonly sealed_secret: Uint8Array | null
  readonly created_at: Generated<Date>
  readonly changed_at: Generated<Date>
}

/** What issuers said has ended: one session, or all of a subject until then. */
interface IssuerLogoutTable {
  readonly issuer: string
  readonly token_id: string
  readonly subject: string | null
  readonly session_id: string | null
  readonly issued_at: Date
  readonly expires_at: Date
}

interface TenantTable {
  readonly id: Generated<string>
  readonly slug: string
  readonly name: string
  readonly database_name: string
  /** The PostgreSQL role that may enter this database and no other; `null` until it has one. */
  readonly login_role: string | null
  /** That role's password, sealed; the context is `login_role`. */
  readonly sealed_password: Uint8Array | null
  readonly created_at: Generated<Date>
  readonly suspended_at: Date | null
  /** Set before its database is dropped: whoever was cut off goes on from here. */
  readonly deleting_at: Date | null
}

/** The keys that seal and digest what is stored. */
interface DataKeyTable {
  readonly id: string
  readonly purpose: 'digest' | 'seal'
  /** Sealed with a master key; the context is `id`. */
  readonly sealed: Uint8Array
  /** That master key's fingerprint. */
  readonly sealed_by: string
  readonly created_at: Generated<Date>
  /** Nothing is sealed with it before: every process is to know it by then. */
  readonly active_at: Generated<Date>
}

interface TenantIssuerTable {
  readonly issuer: string
  readonly claim_value: string
  readonly tenant_id: string
}

interface ApplicationTable {
  readonly client_id: string
  readonly name: string
  readonly tenant_id: string
  /** `"own"`, `"any"` or a list of slugs. */
  readonly admits: unknown
}

interface SigningKeyTable {
  readonly kid: string
  readonly algorithm: string
  readonly public_jwk: unknown
  /** Sealed with the master key; the context is `kid`. */
  readonly sealed_private_jwk: Uint8Array
  readonly created_at: Generated<Date>
  /** It is published before. */
  readonly signs_at: Generated<Date>
  /** It is published until then; `null` while no other is to follow it. */
  readonly ends_at: Date | null
}

interface IssuerRecordTable {
  readonly model: string
  readonly key: string
  readonly payload: Uint8Array
  readonly grant_digest: string | null
  readonly uid: string | null
  readonly user_code: string | null
  readonly consumed_at: Date | null
  readonly expires_at: Date | null
  /** Keyed digest. */
  readonly owner_tenant: string | null
  /** Keyed digest; empty for a record of nobody, `null` where nobody has looked. */
  readonly owner: string | null
  /** The application (client id) whose authorization server wrote it; `null` where that is not known. */
  readonly application: string | null
}

interface LoginTransactionTable {
  readonly key: string
  readonly ticket_key: string | null
  readonly state_key: string
  readonly starter: string
  readonly version: number
  /** The transaction as JSON, sealed with the master key; the context is `key` and `version`. */
  readonly sealed: Uint8Array
  readonly created_at: Generated<Date>
  readonly expires_at: Date
}

interface TransportSessionTable {
  readonly digest: string
  readonly application: string
  readonly endpoint: string
  readonly principal: string | null
  readonly client_name: string
  readonly client_version: string
  readonly capabilities: unknown
  readonly protocol_version: string
  readonly sign_in_tenant: string | null
  readonly sign_in_key: string | null
  /** Where whoever opened it with a bearer has their account. */
  readonly owner_tenant: string | null
  /** Keyed digest of whoever opened it with a bearer. */
  readonly owner: string | null
  readonly log_level: string | null
  readonly created_at: Generated<Date>
  readonly used_at: Generated<Date>
  readonly expires_at: Date
}

interface RateLimitTable {
  /** Keyed digest: addresses are not to be read here. */
  readonly key: string
  readonly used: number
  readonly ends_at: Date
}
