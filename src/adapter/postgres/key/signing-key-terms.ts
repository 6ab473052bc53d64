import { sql, type Kysely } from 'kysely'
import type { Administrator } from '../../../core/administration/tenant-administration.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { SigningKey } from '../../../core/identity/signing-key-store.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { recordChanges, type RecordedIn } from '../audit/record-changes.js'

/** One signing key, as administrators see it. */
export interface ListedSigningKey {
  readonly kid: string
  /** `announced`: published, and signs later. `retired`: published, since tokens that it signed still live. */
  readonly state: 'announced' | 'signing' | 'retired'
  readonly createdAt: Date
  readonly signsAt: Date
  /** When it is published no longer; absent for one that nothing follows. */
  readonly endsAt: Date | undefined
}

export interface Announcement {
  readonly kid: string
  /** Until it signs. */
  readonly secondsLeft: number
  /** How long the earlier one is published from then on. */
  readonly keptSeconds: number
}

/** Longer than others keep a key set, before they ask again, and than every process of ours takes to see it. */
const announcedSeconds = 15 * 60
/** Longer than any token lives that the key may have signed, what clocks differ by and what processes lag behind included. */
const keptSeconds = 70 * 60

/** That it is still published. */
export const isPublished = sql<boolean>`(ends_at is null or ends_at > clock_timestamp())`

/** That it signs, or did. */
export const hasBegun = sql<boolean>`signs_at <= clock_timestamp()`

/** The keys that are published, newest first. */
export async function listSigningKeys(master: Kysely<MasterSchema>): Promise<readonly ListedSigningKey[]> {
  const rows = await master
    .selectFrom('signing_key')
    .select(['kid', 'created_at', 'signs_at', 'ends_at'])
    .select(sql<boolean>`signs_at > clock_timestamp()`.as('announced'))
    .where(isPublished)
    .orderBy('signs_at', 'desc')
    .orderBy('kid')
    .execute()
  const signing = rows.find(({ announced }) => !announced)
  return rows.map((row) => ({
    kid: row.kid,
    state: row.announced ? 'announced' : row === signing ? 'signing' : 'retired',
    createdAt: row.created_at,
    signsAt: row.signs_at,
    endsAt: row.ends_at ?? undefined,
  }))
}

/** The columns of a signing key at rest. */
export type SigningKeyRow = Readonly<Record<'kid' | 'algorithm' | 'public_jwk', string>> & {
  readonly sealed_private_jwk: Uint8Array
}

/**
 * Publishes a key that signs from `announcedSeconds` after now on, and says until when the earlier ones are kept: by the database's
 * clock. Throws `ConfigurationError` while another one is announced, and where none signs yet.
 */
export async function announceSigningKey(
  master: Kysely<MasterSchema>,
  key: SigningKey,
  toRow: (key: SigningKey) => SigningKeyRow,
): Promise<Announcement> {
  return master.transaction().execute(async (step) => {
    await lockSigningKeys(step)
    const known = await listSigningKeys(step)
    if (known.length === 0) throw refusal('no server has made a signing key yet: start one first')
    if (known.some(({ state }) => state === 'announced')) {
      throw refusal('a signing key is announced and does not sign yet: wait until it does')
    }
    const signsAt = sql<Date>`clock_timestamp() + make_interval(secs => ${announcedSeconds})`
    await step
      .updateTable('signing_key')
      .set({ ends_at: sql`clock_timestamp() + make_interval(secs => ${announcedSeconds + keptSeconds})` })
      .where('ends_at', 'is', null)
      .execute()
    await step
      .insertInto('signing_key')
      .values({ ...toRow(key), signs_at: signsAt })
      .execute()
    return { kid: key.kid, secondsLeft: announcedSeconds, keptSeconds }
  })
}

export interface Replacement {
  readonly kid: string
  /** The keys that are published no longer. */
  readonly retired: readonly string[]
}

interface NewSigningKey extends RecordedIn {
  readonly key: SigningKey
  readonly by: Administrator
  readonly toRow: (key: SigningKey) => SigningKeyRow
}

/**
 * Publishes a key that signs from now on and no other beside it, on record. All go, not only the one that signs: whoever has read that
 * one could read those that are kept with it. Throws `ConfigurationError` where there is none yet.
 */
export async function replaceSigningKeys(
  master: Kysely<MasterSchema>,
  { by, key, toRow, trail }: NewSigningKey,
): Promise<Replacement> {
  return master.transaction().execute(async (step) => {
    await lockSigningKeys(step)
    const retired = (await listSigningKeys(step)).map(({ kid }) => kid)
    if (retired.length === 0) throw refusal('no server has made a signing key yet: start one first')
    await step
      .updateTable('signing_key')
      .set({ ends_at: sql`clock_timestamp()` })
      .where(isPublished)
      .execute()
    await step.insertInto('signing_key').values(toRow(key)).execute()
    const change = {
      action: 'changed',
      noun: 'signing keys',
      name: key.kid,
      before: retired,
      after: [key.kid],
    } as const
    await recordChanges(step, { by, tenant: undefined, changes: [change], trail })
    return { kid: key.kid, retired }
  })
}

/** Whoever adds a key takes turns. */
export async function lockSigningKeys(step: Kysely<MasterSchema>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('authsec signing key', 0))`.execute(step)
}

function refusal(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_DATABASE', message)
}
