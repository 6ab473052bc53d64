import { sql, type Generated, type Kysely } from 'kysely'
import type { Federation } from '../../../core/federation/federation-store.js'
import type { UpstreamKind } from '../../../core/federation/upstream-provider.js'
import type { MigrationSchema } from './migrate.js'

/** Providers that users of a tenant sign in with. */
export interface IdentityProviderTable {
  readonly id: Generated<string>
  readonly tenant_id: string
  /** `null`: for every application that admits the tenant. */
  readonly application: string | null
  readonly kind: UpstreamKind
  readonly name: string
  /** As they were given, without the secret. */
  readonly options: unknown
  /** Of our client there; the context is `id`. */
  readonly sealed_secret: Uint8Array | null
  readonly position: number
  readonly created_at: Generated<Date>
  readonly changed_at: Generated<Date>
}

/** Sign-ins with providers that are under way. */
export interface FederationTransactionTable {
  /** Keyed digests, as are `sign_in_key` and `browser_key`. */
  readonly state_key: string
  readonly sign_in_key: string
  readonly browser_key: string
  readonly phase: Federation['phase']
  /** All of it as JSON; the context is the digests and the phase. */
  readonly sealed: Uint8Array
  readonly created_at: Generated<Date>
  readonly expires_at: Date
}

/** What providers gave accounts for their own interfaces. */
export interface KeptTokenTable {
  readonly account_id: string
  /** Refers to no row: providers are in the master database. */
  readonly provider_id: string
  /** Tokens, whom they are of, and whom they may be shown to; the context is the key and `version`. */
  readonly sealed: Uint8Array
  /** Another one after every change. */
  readonly version: string
  /** Whose they are there. */
  readonly issuer: string
  readonly subject: string
  /** `null` where the provider does not say. */
  readonly expires_at: Date | null
  /** While somebody asks the provider for new ones, when others may. */
  readonly claimed_until: Date | null
  /** Who that is. */
  readonly claimed_by: string | null
  readonly changed_at: Generated<Date>
}

/** Creates what master knows of providers. */
export async function createIdentityProviders(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('identity_provider')
    .addColumn('id', 'uuid', (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn('tenant_id', 'uuid', (column) => column.notNull().references('tenant.id').onDelete('cascade'))
    .addColumn('application', 'text', (column) => column.references('application.client_id').onDelete('cascade'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('options', 'jsonb', (column) => column.notNull())
    .addColumn('sealed_secret', 'bytea')
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('changed_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addUniqueConstraint('identity_provider_name', ['tenant_id', 'name'])
    .addCheckConstraint('identity_provider_options', sql`jsonb_typeof(options) = 'object'`)
    .execute()
  await db.schema
    .createTable('federation_transaction')
    .addColumn('state_key', 'text', (column) => column.primaryKey())
    .addColumn('sign_in_key', 'text', (column) => column.notNull())
    .addColumn('browser_key', 'text', (column) => column.notNull())
    .addColumn('phase', 'text', (column) => column.notNull())
    .addColumn('sealed', 'bytea', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .execute()
  for (const column of ['sign_in_key', 'expires_at']) {
    const index = db.schema.createIndex(`federation_transaction_${column}`)
    await index.on('federation_transaction').column(column).execute()
  }
}

/** Creates the list of tenants whose users sign in with providers alone. */
export async function createPasswordRefusals(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`create table password_refusal (tenant_id uuid primary key references tenant (id) on delete cascade)`.execute(
    db,
  )
}

/** Creates what a tenant knows of those who sign in with its providers. */
export async function createFirstSignIns(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`
    alter table access_rule
      drop constraint access_rule_sign_up_check,
      add constraint access_rule_sign_up_check check (sign_up in ('nobody', 'domains', 'everybody'))
  `.execute(db)
  await sql`create table sign_up_domain (domain text primary key check (domain <> '' and domain = lower(domain)))`.execute(
    db,
  )
  await sql`
    create table kept_token (
      account_id uuid not null references account (id) on delete cascade, provider_id uuid not null,
      sealed bytea not null, version integer not null,
      expires_at timestamptz, claimed_until timestamptz, changed_at timestamptz not null default clock_timestamp(),
      primary key (account_id, provider_id)
    )
  `.execute(db)
}

/**
 * Whose kept tokens are stands in their row, so that they go with the identity, and those of two users of a provider are apart; their
 * version never comes again. Of those before, nobody could tell whose they are, and no sign-in is known that goes back to them.
 */
export async function nameKeptTokens(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`delete from kept_token`.execute(db)
  await sql`
    alter table kept_token
      alter column version type text using version::text,
      add column issuer text not null, add column subject text not null,
      drop constraint kept_token_pkey, add primary key (account_id, provider_id, subject)
  `.execute(db)
}

/** Adds whose a claim to renew kept tokens is. */
export async function nameTokenClaims(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`alter table kept_token add column claimed_by uuid`.execute(db)
}
