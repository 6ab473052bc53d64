import { sql, type Generated, type Kysely } from 'kysely'
import type { MigrationSchema } from './migrate.js'

/** What an account proves itself with besides its password, and how it gets one. */
export interface AccountSecuritySchema {
  readonly account_link: AccountLinkTable
  readonly account_factor: AccountFactorTable
  readonly recovery_code: RecoveryCodeTable
  readonly factor_demand: { readonly account_id: string | null }
}

/** At most one link for each account. */
interface AccountLinkTable {
  readonly account_id: string
  /** Keyed digest of the token, with the tenant in it. */
  readonly digest: string
  readonly purpose: 'invitation' | 'reset'
  readonly expires_at: Date
}

interface AccountFactorTable {
  readonly id: string
  readonly account_id: string
  readonly kind: 'totp' | 'passkey'
  /** The secret of an authenticator app; the context is the row's id. */
  readonly sealed_secret: Uint8Array | null
  /** The step (RFC 6238) of the last code that was taken. */
  readonly last_step: string | null
  /** Of a passkey, as are the three below. */
  readonly credential_id: string | null
  readonly public_key: Uint8Array | null
  readonly sign_count: string | null
  readonly created_at: Generated<Date>
  readonly used_at: Date | null
}

interface RecoveryCodeTable {
  readonly account_id: string
  readonly digest: string
  /** Whether its user has said that the codes are kept, or has used one: until then nobody knows that they were seen. */
  readonly kept: Generated<boolean>
}

/** Tables that go with their account. */
export async function createAccountSecurity(db: Kysely<MigrationSchema>): Promise<void> {
  const ofAccount = sql`uuid not null references account (id) on delete cascade`
  await sql`
    create table account_link (
      account_id uuid primary key references account (id) on delete cascade,
      digest text not null unique,
      purpose text not null check (purpose in ('invitation', 'reset')),
      expires_at timestamptz not null
    )
  `.execute(db)
  await sql`
    create table account_factor (
      id uuid primary key,
      account_id ${ofAccount},
      kind text not null check (kind in ('totp', 'passkey')),
      sealed_secret bytea, last_step bigint,
      credential_id text unique, public_key bytea, sign_count bigint,
      created_at timestamptz not null default clock_timestamp(),
      used_at timestamptz,
      constraint account_factor_totp check ((kind = 'totp') = (sealed_secret is not null and last_step is not null)),
      constraint account_factor_passkey check (
        (kind = 'passkey') = (credential_id is not null and public_key is not null and sign_count is not null)
      )
    )
  `.execute(db)
  await sql`create index account_factor_account_id on account_factor (account_id)`.execute(db)
  await sql`create unique index account_factor_totp_of on account_factor (account_id) where kind = 'totp'`.execute(db)
  await sql`create table recovery_code (account_id ${ofAccount}, digest text, primary key (account_id, digest))`.execute(
    db,
  )
  // Without an account, everybody is meant.
  await sql`
    create table factor_demand (account_id uuid unique nulls not distinct references account (id) on delete cascade)
  `.execute(db)
}

/** Codes from before were shown, as far as anybody knows. */
export async function noteKeptCodes(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`alter table recovery_code add column kept boolean not null default true`.execute(db)
  await sql`alter table recovery_code alter column kept set default false`.execute(db)
}

/** The same for those of an export from before. */
export async function keepEarlierCodes<Schema>(db: Kysely<Schema>): Promise<void> {
  await sql`update recovery_code set kept = true`.execute(db)
}
