import { sql, type Kysely } from 'kysely'
import { boundChains } from './audit/audit-bounds.js'
import { createAuditChains } from './audit/audit-chain-schema.js'
import { createIntents } from './audit/audit-intents.js'
import { createAuditEvent } from './audit/audit-schema.js'
import { boundAuditSearches } from './audit/audit-searches.js'
import { createIdentityProviders, createPasswordRefusals } from './federation-schema.js'
import type { Migration, MigrationSchema } from './migrate.js'
import { addSigningKeyTerms } from './signing-key-terms.js'

/** The steps of the master database. */
export const masterMigrations: readonly Migration[] = [
  {
    name: '0001-begin',
    async up(db) {
      await createTenants(db)
      await createApplications(db)
      await createSigningKeys(db)
      await createIssuerRecords(db)
      await createAuditEvent(db)
    },
  },
  {
    name: '0002-sign-in',
    async up(db) {
      await createLoginTransactions(db)
      await createTransportSessions(db)
      await createRateLimits(db)
    },
  },
  {
    name: '0003-registry-and-keys',
    async up(db) {
      await createDataKeys(db)
      await addTenantLogins(db)
    },
  },
  { name: '0004-session-owner', up: nameOwners },
  {
    name: '0005-trusted-issuer',
    async up(db) {
      await createTrustedIssuers(db)
      await createIssuerLogouts(db)
    },
  },
  { name: '0006-signing-key-terms', up: addSigningKeyTerms },
  { name: '0007-identity-provider', up: createIdentityProviders },
  { name: '0008-password-refusal', up: createPasswordRefusals },
  { name: '0009-audit-chain', up: createAuditChains },
  { name: '0010-closed-schema', up: closeSchema },
  { name: '0011-audit-searches', up: boundAuditSearches },
  { name: '0012-audit-lengths', up: boundChains },
  { name: '0013-audit-intents', up: createIntents },
]

async function createTenants(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('tenant')
    .addColumn('id', 'uuid', (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn('slug', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('database_name', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('suspended_at', 'timestamptz')
    .addCheckConstraint('tenant_slug', sql`slug ~ '^[a-z0-9][a-z0-9-]{0,40}$'`)
    .addCheckConstraint('tenant_database_name', sql`octet_length(database_name) between 1 and 63`)
    .execute()
  await db.schema
    .createTable('tenant_issuer')
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('claim_value', 'text', (column) => column.notNull())
    .addColumn('tenant_id', 'uuid', (column) => column.notNull().references('tenant.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('tenant_issuer_pkey', ['issuer', 'claim_value'])
    .execute()
}

async function createApplications(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('application')
    .addColumn('client_id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('tenant_id', 'uuid', (column) => column.notNull().references('tenant.id').onDelete('cascade'))
    .addColumn('admits', 'jsonb', (column) => column.notNull())
    .addCheckConstraint('application_admits', sql`admits in ('"own"', '"any"') or jsonb_typeof(admits) = 'array'`)
    .execute()
}

async function createSigningKeys(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('signing_key')
    .addColumn('kid', 'text', (column) => column.primaryKey())
    .addColumn('algorithm', 'text', (column) => column.notNull())
    .addColumn('public_jwk', 'jsonb', (column) => column.notNull())
    .addColumn('sealed_private_jwk', 'bytea', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute()
}

async function createIssuerRecords(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('issuer_record')
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('payload', 'bytea', (column) => column.notNull())
    .addColumn('grant_digest', 'text')
    .addColumn('uid', 'text')
    .addColumn('user_code', 'text')
    .addColumn('consumed_at', 'timestamptz')
    .addColumn('expires_at', 'timestamptz')
    .addPrimaryKeyConstraint('issuer_record_pkey', ['model', 'key'])
    .execute()
  for (const column of ['grant_digest', 'uid', 'user_code', 'expires_at']) {
    await db.schema
      .createIndex(`issuer_record_${column}`)
      .on('issuer_record')
      .column(column)
      .where(sql.ref(column), 'is not', null)
      .execute()
  }
}

async function createLoginTransactions(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('login_transaction')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('ticket_key', 'text', (column) => column.unique())
    .addColumn('state_key', 'text', (column) => column.notNull().unique())
    .addColumn('starter', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('sealed', 'bytea', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .execute()
  await createIndexes(db, 'login_transaction', ['starter', 'expires_at'])
}

async function createTransportSessions(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('transport_session')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('application', 'text', (column) => column.notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('principal', 'text')
    .addColumn('client_name', 'text', (column) => column.notNull())
    .addColumn('client_version', 'text', (column) => column.notNull())
    .addColumn('capabilities', 'jsonb', (column) => column.notNull())
    .addColumn('protocol_version', 'text', (column) => column.notNull())
    // Refers to no row of `tenant`: a session outlives its tenant, and nobody is signed in to it then.
    .addColumn('sign_in_tenant', 'uuid')
    .addColumn('sign_in_key', 'text')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('used_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .addCheckConstraint('transport_session_sign_in', sql`(sign_in_tenant is null) = (sign_in_key is null)`)
    .execute()
  await createIndexes(db, 'transport_session', ['principal', 'used_at', 'expires_at'])
}

/** Whose sessions and authorization records are: by digests, so that whoever reads master does not learn who is signed in. */
async function nameOwners(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .alterTable('transport_session')
    .addColumn('owner_tenant', 'uuid')
    .addColumn('owner', 'text')
    .addColumn('log_level', 'text')
    .execute()
  await createIndexes(db, 'transport_session', ['owner_tenant', 'owner', 'sign_in_tenant', 'application'])
  await db.schema
    .alterTable('issuer_record')
    .addColumn('owner_tenant', 'text')
    // Empty for a record that is nobody's; absent where that has not been looked at, as for what older versions wrote.
    .addColumn('owner', 'text')
    .addColumn('application', 'text')
    .execute()
  await sql`create index issuer_record_owner on issuer_record (owner) where owner <> ''`.execute(db)
  await sql`create index issuer_record_owner_tenant on issuer_record (owner_tenant) where owner_tenant is not null`.execute(
    db,
  )
  await sql`create index issuer_record_unowned on issuer_record (model) where owner is null`.execute(db)
}

async function createRateLimits(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('rate_limit')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('used', 'integer', (column) => column.notNull().check(sql`used >= 0`))
    .addColumn('ends_at', 'timestamptz', (column) => column.notNull())
    .execute()
  await createIndexes(db, 'rate_limit', ['ends_at'])
}

/** PostgreSQL before 15 lets everybody who may enter make tables and functions there. It belongs to whoever set PostgreSQL up: others are only warned. */
async function closeSchema(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`revoke create on schema public from public`.execute(db)
}

async function createDataKeys(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('data_key')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('purpose', 'text', (column) => column.notNull().check(sql`purpose in ('digest', 'seal')`))
    .addColumn('sealed', 'bytea', (column) => column.notNull())
    .addColumn('sealed_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('active_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute()
}

/** Tenants of an older version have their database, and get their login when they are used next. */
async function addTenantLogins(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .alterTable('tenant')
    .addColumn('login_role', 'text', (column) => column.unique())
    .addColumn('sealed_password', 'bytea')
    .addColumn('deleting_at', 'timestamptz')
    .execute()
  await db.schema
    .alterTable('tenant')
    .addCheckConstraint('tenant_login', sql`(login_role is null) = (sealed_password is null)`)
    .execute()
}

async function createTrustedIssuers(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('trusted_issuer')
    .addColumn('issuer', 'text', (column) => column.primaryKey())
    .addColumn('options', 'jsonb', (column) => column.notNull())
    .addColumn('sealed_secret', 'bytea')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('changed_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addCheckConstraint('trusted_issuer_options', sql`jsonb_typeof(options) = 'object'`)
    .execute()
}

async function createIssuerLogouts(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('issuer_logout')
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('token_id', 'text', (column) => column.notNull())
    .addColumn('subject', 'text')
    .addColumn('session_id', 'text')
    .addColumn('issued_at', 'timestamptz', (column) => column.notNull())
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .addPrimaryKeyConstraint('issuer_logout_pkey', ['issuer', 'token_id'])
    .addCheckConstraint('issuer_logout_about', sql`subject is not null or session_id is not null`)
    .execute()
  await createIndexes(db, 'issuer_logout', ['subject', 'session_id', 'expires_at'])
}

async function createIndexes(db: Kysely<MigrationSchema>, table: string, columns: readonly string[]): Promise<void> {
  for (const column of columns) {
    await db.schema.createIndex(`${table}_${column}`).on(table).column(column).execute()
  }
}
