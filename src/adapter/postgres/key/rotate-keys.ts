import { sql, type Kysely } from 'kysely'
import { MasterKey } from '../../../core/credential/master-key.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { currentOf, insertDataKey, lockDataKeys, readDataKeys, sealDataKey } from './data-keys.js'

/** One key of the installation, as administrators see it. */
export interface ListedKey {
  readonly id: string
  readonly purpose: 'digest' | 'seal'
  readonly createdAt: Date
  readonly state: 'awaited' | 'current' | 'earlier'
  /** Of the master key that opens it. */
  readonly masterKey: string
}

export interface Rotation {
  /** Data keys that the current master key opens from now on, and another one before. */
  readonly rewrapped: number
  /** The id of the new data key. */
  readonly added: string
  /** How long until it seals: by then every process knows it. */
  readonly secondsLeft: number
}

/** Longer than any process takes to read the keys again. */
const activationSeconds = 60

/** The keys, newest first. Needs no master key. */
export async function listDataKeys(master: Kysely<MasterSchema>): Promise<readonly ListedKey[]> {
  const rows = await master
    .selectFrom('data_key')
    .select(['id', 'purpose', 'created_at', 'sealed_by'])
    .select(sql<boolean>`active_at > clock_timestamp()`.as('awaited'))
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute()
  const current = rows.find(({ awaited, purpose }) => purpose === 'seal' && !awaited)
  return rows.map((row) => ({
    id: row.id,
    purpose: row.purpose,
    createdAt: row.created_at,
    state: row.awaited ? 'awaited' : row.purpose === 'digest' || row === current ? 'current' : 'earlier',
    masterKey: row.sealed_by,
  }))
}

/**
 * Puts every data key under the current master key, and adds one that seals from soon on: all or nothing. `masterKeys`: the current
 * one first. Throws `ConfigurationError` where none of them opens a key, and while the key of an earlier rotation is still awaited.
 */
export async function rotateDataKeys(
  master: Kysely<MasterSchema>,
  masterKeys: readonly MasterKey[],
): Promise<Rotation> {
  const current = currentOf(masterKeys)
  return master.transaction().execute(async (step) => {
    await lockDataKeys(step)
    const known = await listDataKeys(step)
    if (known.some(({ state }) => state === 'awaited')) {
      throw new ConfigurationError('ERR_CONFIG_DATABASE', 'the keys were rotated a moment ago: wait a minute')
    }
    const foreign = new Set(known.filter((key) => key.masterKey !== current.fingerprint).map(({ id }) => id))
    const opened = await readDataKeys(step, masterKeys)
    for (const { id, key } of opened.filter(({ id }) => foreign.has(id))) {
      await step
        .updateTable('data_key')
        .set(sealDataKey(current, id, key))
        .where('id', '=', id)
        .execute()
    }
    const added = await insertDataKey(step, current, {
      ...{ purpose: 'seal', key: MasterKey.generate(), seconds: activationSeconds },
    })
    return { rewrapped: foreign.size, added, secondsLeft: activationSeconds }
  })
}
