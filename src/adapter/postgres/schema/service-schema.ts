import { sql, type Generated, type Kysely } from 'kysely'
import type { NetworkReach } from '../../../core/runtime/fetcher.js'
import type { MigrationSchema } from './migrate.js'

/** External services, who has signed in there, and the credentials that are kept here in development. */
export interface ServiceSchema {
  readonly service: ServiceTable
  readonly service_connection: ServiceConnectionTable
  readonly service_sign_in: ServiceSignInTable
  readonly service_credential: ServiceCredentialTable
}

interface ServiceTable {
  readonly id: Generated<string>
  readonly name: string
  readonly url: string
  readonly description: string | null
  readonly tags: readonly string[]
  /** As it would be written; so are `source` and `requirement`. */
  readonly auth: unknown
  readonly source: unknown
  readonly requirement: unknown
  readonly reach: NetworkReach
  /** As it would be written; `null`: none. */
  readonly rotation: unknown
  /** The version of the credential that is used; 0: none. */
  readonly credential_version: Generated<number>
  /** When that has come into use. */
  readonly credential_at: Date | null
  /** Another one after every change, whoever makes it: no number, which could come back with a backup. */
  readonly revision: Generated<string>
  readonly created_at: Generated<Date>
  readonly changed_at: Generated<Date>
}

interface ServiceConnectionTable {
  readonly id: Generated<string>
  readonly service_id: string
  /** `null` for the installation's own issuer, whose address may change. */
  readonly issuer: string | null
  readonly subject: string
  readonly credential_version: number
  /** `null` where the service does not say. */
  readonly expires_at: Date | null
  /** By whom the tokens are renewed, and until when that counts. */
  readonly claimed_by: string | null
  readonly claimed_until: Date | null
  readonly created_at: Generated<Date>
  /** When its tokens came into use. */
  readonly changed_at: Generated<Date>
}

/** Links to where users sign in at services, and sign-ins that are under way there. */
interface ServiceSignInTable {
  /** Keyed digests, as are `state` and `browser`, which a link has once it is used. */
  readonly link: string
  readonly service_id: string
  readonly account_id: string
  readonly state: string | null
  readonly browser: string | null
  readonly created_at: Generated<Date>
  readonly expires_at: Date
}

/** Refers to no other table: what is kept does not go before somebody has destroyed it. */
interface ServiceCredentialTable {
  readonly service: string
  /** `null`: the one for everybody. */
  readonly account: string | null
  readonly version: number
  /** Under a key of its own; the context is tenant, service, account and version. `null` once it is deleted, as are the two below. */
  readonly sealed: Uint8Array | null
  /** That key, under the local key. */
  readonly sealed_key: Uint8Array | null
  /** Of the local key. */
  readonly sealed_by: string | null
  readonly written_at: Generated<Date>
  readonly deleted_at: Date | null
}

/** Creates what a tenant knows of the services of others. */
export async function createServices(db: Kysely<MigrationSchema>): Promise<void> {
  await createServiceTable(db)
  await sql`
    create table service_connection (
      id uuid primary key default gen_random_uuid(),
      service_id uuid not null references service (id) on delete cascade,
      issuer text, subject text not null,
      credential_version integer not null check (credential_version > 0),
      expires_at timestamptz, created_at timestamptz not null default clock_timestamp(),
      constraint service_connection_user unique nulls not distinct (service_id, issuer, subject)
    )
  `.execute(db)
  await sql`create index service_connection_subject on service_connection (subject)`.execute(db)
  await endWithAccounts(db)
  await sql`
    create table service_credential (
      service uuid not null, account uuid, version integer not null check (version > 0),
      sealed bytea, sealed_key bytea, sealed_by text,
      written_at timestamptz not null default clock_timestamp(), deleted_at timestamptz,
      constraint service_credential_version unique nulls not distinct (service, account, version),
      constraint service_credential_deleted check (
        (deleted_at is null) = (sealed is not null and sealed_key is not null and sealed_by is not null)
      )
    )
  `.execute(db)
}

async function createServiceTable(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`
    create table service (
      id uuid primary key default gen_random_uuid(),
      name text not null unique check (name <> ''),
      url text not null, description text, tags text[] not null default '{}',
      auth jsonb not null check (jsonb_typeof(auth) = 'object'),
      source jsonb not null check (jsonb_typeof(source) = 'object'),
      requirement jsonb not null check (jsonb_typeof(requirement) = 'object'),
      reach text not null default 'public' check (reach in ('public', 'private')),
      credential_version integer not null default 0 check (credential_version >= 0),
      credential_at timestamptz,
      revision uuid not null default gen_random_uuid(),
      created_at timestamptz not null default clock_timestamp(),
      changed_at timestamptz not null default clock_timestamp()
    )
  `.execute(db)
  // Plain SQL counts, too: whoever keeps what a row was made into compares this alone.
  await sql`
    create function service_changed() returns trigger language plpgsql set search_path = pg_catalog as $$
    begin
      new.revision := gen_random_uuid();
      new.changed_at := clock_timestamp();
      return new;
    end $$
  `.execute(db)
  await sql`
    create trigger service_changed before update on service for each row execute function service_changed()
  `.execute(db)
  await sql`alter table service enable always trigger service_changed`.execute(db)
}

/** Nobody else is to come by what a user has allowed: it goes with the account, whoever removes that. */
async function endWithAccounts(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`
    create function account_disconnected() returns trigger language plpgsql set search_path = pg_catalog, public as $$
    begin
      delete from public.service_connection where issuer is null and subject = old.id::text;
      delete from public.service_connection c using public.account_identity i
      where i.account_id = old.id and c.issuer = i.issuer and c.subject = i.subject;
      return old;
    end $$
  `.execute(db)
  await sql`
    create trigger account_disconnected before delete on account for each row execute function account_disconnected()
  `.execute(db)
  await sql`alter table account enable always trigger account_disconnected`.execute(db)
}
