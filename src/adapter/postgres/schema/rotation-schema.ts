import { sql, type Generated, type Kysely } from 'kysely'
import type { RotationOrigin, RotationPhase } from '../../../core/external-service/rotation/rotation-store.js'
import type { MigrationSchema } from './migrate.js'

/** How far the rotations of credentials have come. */
export interface RotationSchema {
  readonly service_rotation: ServiceRotationTable
}

/** A row for each service whose credential has been rotated, or is to be. */
interface ServiceRotationTable {
  readonly service_id: string
  readonly phase: Generated<RotationPhase>
  readonly origin: Generated<RotationOrigin>
  /** Of what is being made; kept until something has come of it. */
  readonly attempt: string | null
  /** Of the service, when it was begun. */
  readonly revision: string | null
  /** The newest version when it was begun. */
  readonly after_version: Generated<number>
  /** The version that is used while it goes on, and that goes afterwards. */
  readonly old_version: Generated<number>
  /** By whom it is gone on with, and until when that counts. */
  readonly claimed_by: string | null
  readonly claimed_until: Date | null
  readonly retire_at: Date | null
  readonly asked_at: Date | null
  readonly asked_by: string | null
  readonly rotated_at: Date | null
  /** How the last one ended, and who had asked for it. */
  readonly ended_at: Date | null
  readonly outcome: 'failed' | 'rotated' | null
  readonly reason: string | null
  readonly ended_by: string | null
  /** Failures in a row, and when it is tried again. */
  readonly failures: Generated<number>
  readonly retry_at: Date | null
}

/** Adds what is decided about the rotation of credentials, and what has become of it. */
export async function createRotations(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`alter table service add column rotation jsonb check (jsonb_typeof(rotation) = 'object')`.execute(db)
  await sql`
    create table service_rotation (
      service_id uuid primary key references service (id) on delete cascade,
      phase text not null default 'idle' check (phase in ('idle', 'begun', 'written', 'retiring')),
      origin text not null default 'given' check (origin in ('given', 'application', 'engine')),
      attempt uuid, revision uuid,
      after_version integer not null default 0, old_version integer not null default 0,
      claimed_by uuid, claimed_until timestamptz,
      retire_at timestamptz, asked_at timestamptz, rotated_at timestamptz,
      ended_at timestamptz, outcome text check (outcome in ('failed', 'rotated')), reason text, ended_by text,
      failures integer not null default 0, retry_at timestamptz
    )
  `.execute(db)
}

/** Adds whose a claim to renew the tokens of a user is, and who has asked for a rotation. */
export async function nameClaims(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`alter table service_connection add column claimed_by uuid`.execute(db)
  await sql`alter table service_rotation add column asked_by text`.execute(db)
}
