import { sql, type Kysely } from 'kysely'
import type { MigrationSchema } from './migrate.js'

/** Creates what is known of users on their way to services; and whose turn it is to renew their tokens. */
export async function createServiceSignIns(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`
    create table service_sign_in (
      link text primary key,
      service_id uuid not null references service (id) on delete cascade,
      account_id uuid not null references account (id) on delete cascade,
      state text unique, browser text,
      created_at timestamptz not null default clock_timestamp(), expires_at timestamptz not null,
      constraint service_sign_in_left check ((state is null) = (browser is null))
    )
  `.execute(db)
  await sql`create index service_sign_in_expires_at on service_sign_in (expires_at)`.execute(db)
  await sql`create index service_sign_in_account on service_sign_in (account_id, service_id)`.execute(db)
  await sql`create index service_sign_in_service on service_sign_in (service_id)`.execute(db)
  await sql`
    alter table service_connection
      add column claimed_until timestamptz, add column changed_at timestamptz not null default clock_timestamp()
  `.execute(db)
}
