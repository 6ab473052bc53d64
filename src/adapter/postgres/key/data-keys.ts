import { randomBytes } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { MasterKey } from '../../../core/credential/master-key.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { MasterSchema } from '../schema/master-schema.js'

export const dataKeyIdBytes = 8

export interface DataKey {
  /** In hexadecimal. */
  readonly id: string
  readonly purpose: 'digest' | 'seal'
  readonly key: MasterKey
  /** By `performance.now()`. */
  readonly activeAt: number
}

const sealingPurpose = 'data key'

/** The data keys, newest first. Throws `ConfigurationError` when none of `masterKeys` opens one. */
export async function readDataKeys(
  db: Kysely<MasterSchema>,
  masterKeys: readonly MasterKey[],
): Promise<readonly DataKey[]> {
  const rows = await db
    .selectFrom('data_key')
    .select(['id', 'purpose', 'sealed', 'sealed_by'])
    .select(sql<number>`extract(epoch from active_at - clock_timestamp())::float8`.as('seconds_left'))
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute()
  return rows.map(({ id, purpose, sealed, sealed_by: sealedBy, seconds_left: secondsLeft }) => ({
    id,
    purpose,
    key: openDataKey({ id, sealed, sealedBy }, masterKeys),
    activeAt: performance.now() + secondsLeft * 1000,
  }))
}

/** The same, made where there are none: by one process for all. */
export async function ensureDataKeys(
  master: Kysely<MasterSchema>,
  masterKeys: readonly MasterKey[],
): Promise<readonly DataKey[]> {
  const standing = await readDataKeys(master, masterKeys)
  if (standing.length > 0) return standing
  return master.transaction().execute(async (step) => {
    await lockDataKeys(step)
    if ((await readDataKeys(step, masterKeys)).length === 0) await insertFirst(step, currentOf(masterKeys))
    return readDataKeys(step, masterKeys)
  })
}

/** Whoever changes the keys takes turns. */
export async function lockDataKeys(step: Kysely<MasterSchema>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('authsec data keys', 0))`.execute(step)
}

/** Adds a key that seals from `seconds` after now on. */
export async function insertDataKey(
  step: Kysely<MasterSchema>,
  masterKey: MasterKey,
  {
    purpose,
    key,
    seconds,
  }: { readonly purpose: DataKey['purpose']; readonly key: MasterKey; readonly seconds: number },
): Promise<string> {
  const id = randomBytes(dataKeyIdBytes).toString('hex')
  const active = sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`
  await step
    .insertInto('data_key')
    .values({ id, purpose, ...sealDataKey(masterKey, id, key), active_at: active })
    .execute()
  return id
}

/** The columns of a data key under this master key. */
export function sealDataKey(masterKey: MasterKey, id: string, key: MasterKey) {
  const sealed = masterKey.seal(sealingPurpose, Buffer.from(key.reveal()), id)
  return { sealed, sealed_by: masterKey.fingerprint }
}

export function currentOf([current]: readonly MasterKey[]): MasterKey {
  if (current === undefined) throw new TypeError('there is no master key')
  return current
}

interface StoredDataKey {
  readonly id: string
  readonly sealed: Uint8Array
  readonly sealedBy: string
}

function openDataKey({ id, sealed, sealedBy }: StoredDataKey, masterKeys: readonly MasterKey[]): MasterKey {
  const masterKey = masterKeys.find(({ fingerprint }) => fingerprint === sealedBy)
  try {
    if (masterKey !== undefined) return MasterKey.parse(masterKey.open(sealingPurpose, sealed, id).toString())
  } catch {
    // Reported below: what is wrong with it would say something about it.
  }
  throw new ConfigurationError(
    'ERR_CONFIG_DATABASE',
    `what is stored in the master database was sealed with another master key (fingerprint ${sealedBy}): check AUTHSEC_MASTER_KEY`,
  )
}

/** What an older version has stored was sealed with the master key itself, which then goes on as the first data key. */
async function insertFirst(step: Kysely<MasterSchema>, masterKey: MasterKey): Promise<void> {
  const older = await step.selectFrom('signing_key').select('kid').limit(1).executeTakeFirst()
  for (const purpose of ['digest', 'seal'] as const) {
    const key = older === undefined ? MasterKey.generate() : masterKey
    await insertDataKey(step, masterKey, { purpose, key, seconds: 0 })
  }
}
