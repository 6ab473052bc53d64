import { sql, type Kysely } from 'kysely'
import { createAccountSecurity, noteKeptCodes } from './account-schema.js'
import { boundChains } from './audit/audit-bounds.js'
import { createAuditChains } from './audit/audit-chain-schema.js'
import { createIntents } from './audit/audit-intents.js'
import { createAuditEvent } from './audit/audit-schema.js'
import { boundAuditSearches } from './audit/audit-searches.js'
import { createServiceSignIns } from './connect-schema.js'
import { createFirstSignIns, nameKeptTokens, nameTokenClaims } from './federation-schema.js'
import type { Migration, MigrationSchema } from './migrate.js'
import { createPolicyVersion } from './policy-schema.js'
import { createRotations, nameClaims } from './rotation-schema.js'
import { createServices } from './service-schema.js'
import { createSecurityStamp } from './security-stamp.js'

/** From which on recovery codes say whether they are kept. */
export const keptCodesStep = '0009-security-stamp'

/** The steps of every tenant's database. */
export const tenantMigrations: readonly Migration[] = [
  {
    name: '0001-begin',
    async up(db) {
      await createAccounts(db)
      for (const table of ['role', 'user_group', 'scope', 'resource', 'permission']) await createNames(db, table)
      for (const target of ['role', 'group', 'scope', 'resource', 'permission'])
        await createLinks(db, 'account', target)
      await createLinks(db, 'group', 'role')
      for (const target of ['scope', 'resource', 'permission']) await createLinks(db, 'role', target)
      await createAuditEvent(db)
    },
  },
  { name: '0002-sign-in', up: createSessions },
  { name: '0003-policy-version', up: createPolicyVersion },
  { name: '0005-session-client', up: nameClients },
  { name: '0006-upstream-token', up: addUpstreamTokens },
  { name: '0007-identity-provider', up: createFirstSignIns },
  { name: '0008-account-security', up: createAccountSecurity },
  {
    name: keptCodesStep,
    async up(db) {
      await createSecurityStamp(db)
      await noteKeptCodes(db)
    },
  },
  {
    name: '0010-federation',
    // Its key has the subject now, by which two users of one provider are apart, and theirs has not: no schema is both.
    withholds:
      'servers of an earlier version let nobody sign in with an identity provider any more: replace all of them',
    up: nameKeptTokens,
  },
  { name: '0011-service', up: createServices },
  { name: '0012-connect', up: createServiceSignIns },
  { name: '0013-rotation', up: createRotations },
  { name: '0014-audit-chain', up: createAuditChains },
  { name: '0015-claim-owner', up: nameClaims },
  { name: '0016-kept-token-claim', up: nameTokenClaims },
  { name: '0017-audit-searches', up: boundAuditSearches },
  { name: '0018-audit-lengths', up: boundChains },
  { name: '0019-audit-intents', up: createIntents },
]

async function createAccounts(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('account')
    .addColumn('id', 'uuid', (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn('email', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text')
    .addColumn('password_hash', 'text')
    .addColumn('disabled_at', 'timestamptz')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute()
}

async function createNames(db: Kysely<MigrationSchema>, table: string): Promise<void> {
  await db.schema
    .createTable(table)
    .addColumn('id', 'uuid', (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn('name', 'text', (column) =>
      column
        .notNull()
        .unique()
        .check(sql`name <> ''`),
    )
    .execute()
}

/** A table such as `account_role`, whose rows grant what `to` names to what `from` names. */
async function createLinks(db: Kysely<MigrationSchema>, from: string, to: string): Promise<void> {
  const table = `${from}_${to}`
  const [source, target] = [`${from}_id`, `${to}_id`]
  await db.schema
    .createTable(table)
    .addColumn(source, 'uuid', (column) =>
      column
        .notNull()
        .references(`${tableOf(from)}.id`)
        .onDelete('cascade'),
    )
    .addColumn(target, 'uuid', (column) =>
      column
        .notNull()
        .references(`${tableOf(to)}.id`)
        .onDelete('cascade'),
    )
    .addPrimaryKeyConstraint(`${table}_pkey`, [source, target])
    .execute()
  await db.schema.createIndex(`${table}_${target}`).on(table).column(target).execute()
}

async function createSessions(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('session')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('application', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text')
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('asserted', 'jsonb', (column) => column.notNull())
    .addColumn('grant_digest', 'text')
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('ends_at', 'double precision')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('used_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .execute()
  for (const column of ['subject', 'used_at', 'expires_at']) {
    await db.schema.createIndex(`session_${column}`).on('session').column(column).execute()
  }
}

/** What an administrator is shown of a sign-in. */
async function nameClients(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema.alterTable('session').addColumn('client_name', 'text').execute()
}

/** What a provider gave to be asked again with, beside the sign-in. */
async function addUpstreamTokens(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .alterTable('session')
    .addColumn('upstream_sealed', 'bytea')
    .addColumn('upstream_version', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('refresh_at', 'timestamptz')
    .addColumn('refresh_failures', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
}

/** `group` is a reserved word of SQL. */
function tableOf(noun: string): string {
  return noun === 'group' ? 'user_group' : noun
}
