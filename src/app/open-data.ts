import { existsSync } from 'node:fs'
import { attachEmbeddedPostgres } from '../adapter/postgres/embedded/embedded-postgres.js'
import { openPostgres, type Postgres } from '../adapter/postgres/open-postgres.js'
import { parseDatabaseUrl } from '../adapter/postgres/parse-database-url.js'
import type { AuditEvent } from '../core/audit/audit-event.js'
import type { MasterKey } from '../core/credential/master-key.js'
import { ConfigurationError } from '../core/error/configuration-error.js'
import type { Log } from '../core/runtime/log.js'
import type { Tracer } from '../core/runtime/tracer.js'
import { RefusedError } from './refused-error.js'
import { prepareHome } from './settings/home.js'
import { masterKeyFile, readMasterKey } from './settings/read-master-key.js'
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
  readonly tracer?: Tracer
  /** Hears of each event of the audit trail in this process. */
  readonly onEvent?: ((event: AuditEvent) => void) | undefined
}

/**
 * Opens the database of the settings: the one that `AUTHSEC_DATABASE_URL` names, else in development the embedded one, created
 * and started where nobody has yet. Throws `ConfigurationError` for production without a database of its own.
 */
export async function openData({ settings, issuer, log, tracer, onEvent }: DataOptions): Promise<Data> {
  const shared = { ownIssuer: issuer, log, tracer, onEvent }
  if (settings.databaseUrl !== undefined) {
    const named = parseDatabaseUrl(settings.databaseUrl)
    const masterKey = await readMasterKey(settings)
    const postgres = await openPostgres({ ...named, masterKey, ...shared })
    return { postgres, masterKey, close: () => postgres.close() }
  }
  if (settings.mode === 'production') {
    throw new ConfigurationError(
      'ERR_CONFIG_DATABASE',
      'the embedded database is for development: loopback addresses, NODE_ENV and AUTHSEC_ENV not production. ' +
        'Set AUTHSEC_DATABASE_URL (or AUTHSEC_DATABASE_URL_FILE)',
    )
  }
  await prepareHome(settings.home)
  const masterKey = await readMasterKey(settings)
  const embedded = await attachEmbeddedPostgres({ home: settings.home, log })
  try {
    const postgres = await openPostgres({ connection: embedded.connection, masterKey, ...shared })
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

/** The same for a command that only looks: throws `RefusedError` where no server has ever run, instead of making a new home. */
export async function openExistingData(options: DataOptions): Promise<Data> {
  const { home, mode } = options.settings
  if (mode === 'development' && !hasData(options.settings)) {
    throw new RefusedError(`no server has run from ${home} yet; start one there, or name its home with AUTHSEC_HOME`)
  }
  return openData(options)
}

/** Whether there is a database to look at: one that is named, or the embedded one of a server that has run. */
export function hasData({ databaseUrl, home, mode }: Settings): boolean {
  return databaseUrl !== undefined || (mode === 'development' && existsSync(masterKeyFile(home)))
}
