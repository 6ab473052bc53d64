import { attachEmbeddedPostgres } from '../adapter/postgres/embedded/embedded-postgres.js'
import { openPostgres, type Postgres } from '../adapter/postgres/open-postgres.js'
import { parseDatabaseUrl } from '../adapter/postgres/parse-database-url.js'
import type { MasterKey } from '../core/credential/master-key.js'
import type { Log } from '../core/runtime/log.js'
import { assertPrivateHome, readMasterKey } from './settings/home.js'
import type { Settings } from './settings/settings.js'

export interface Data {
  readonly postgres: Postgres
  readonly masterKey: MasterKey
  close(): Promise<void>
}

export interface DataOptions {
  readonly settings: Settings
  /** The issuer whose tokens name tenants by slug. */
  readonly issuer: string
  readonly log: Log
}

/** Opens the database of the settings: the one that `AUTHSEC_DATABASE_URL` names, else the embedded one, started where nobody has yet. */
export async function openData({ settings, issuer, log }: DataOptions): Promise<Data> {
  await assertPrivateHome(settings.home)
  const masterKey = await readMasterKey(settings.home, settings.masterKey, settings.mode)
  const named = settings.databaseUrl === undefined ? undefined : parseDatabaseUrl(settings.databaseUrl)
  if (named !== undefined) {
    const postgres = await openPostgres({ ...named, masterKey, ownIssuer: issuer, log })
    return { postgres, masterKey, close: () => postgres.close() }
  }
  const embedded = await attachEmbeddedPostgres({ home: settings.home, log })
  try {
    const postgres = await openPostgres({ connection: embedded.connection, masterKey, ownIssuer: issuer, log })
    const close = async (): Promise<void> => {
      await postgres.close()
      await embedded.close()
    }
    return { postgres, masterKey, close }
  } catch (error) {
    await embedded.close()
    throw error
  }
}
