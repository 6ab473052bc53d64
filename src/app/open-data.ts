import { existsSync } from 'node:fs'
import type { ConnectionSettings } from '../adapter/postgres/connection-settings.js'
import { attachEmbeddedPostgres } from '../adapter/postgres/embedded/embedded-postgres.js'
import { openPostgres, type Postgres, type PostgresOptions } from '../adapter/postgres/open-postgres.js'
import { parseDatabaseUrl } from '../adapter/postgres/parse-database-url.js'
import type { AuditEvent } from '../core/audit/audit-event.js'
import type { Keyring } from '../core/credential/keyring.js'
import { ConfigurationError } from '../core/error/configuration-error.js'
import type { Log } from '../core/runtime/log.js'
import type { Tracer } from '../core/runtime/tracer.js'
import { RefusedError } from './refused-error.js'
import { prepareHome } from './settings/home.js'
import { masterKeyFile, readMasterKeys } from './settings/read-master-keys.js'
import type { Settings } from './settings/settings.js'

export interface Data {
  readonly postgres: Postgres
  readonly keyring: Keyring
  close(): Promise<void>
}

export type ClusterAddress = Pick<PostgresOptions, 'connection' | 'masterDatabase'>

export interface DataOptions {
  readonly settings: Settings
  /** The issuer whose tokens name tenants by slug. */
  readonly issuer: string
  readonly log: Log
  /** How long to wait for PostgreSQL, in milliseconds; a few seconds unless told. */
  readonly patience?: number | undefined
  readonly tracer?: Tracer
  /** Hears of each event of the audit trail in this process. */
  readonly onEvent?: ((event: AuditEvent) => void) | undefined
}

/**
 * Opens the database of the settings: the one that `AUTHSEC_DATABASE_URL` names, else in development the embedded one, created
 * and started where nobody has yet. Throws `ConfigurationError` for production without a database of its own.
 */
export async function openData({ settings, issuer, log, ...watching }: DataOptions): Promise<Data> {
  const { auditRetentionDays, databaseConnections: connections } = settings
  const shared = { connections, auditRetentionDays, ownIssuer: issuer, log, ...watching }
  if (settings.databaseUrl !== undefined) {
    const named = parseDatabaseUrl(settings.databaseUrl)
    const direct = directOf(settings)
    const keys = await readMasterKeys(settings)
    const postgres = await openPostgres({ ...named, direct, ...keys, ...shared })
    return { postgres, keyring: postgres.keys, close: () => postgres.close() }
  }
  refuseEmbeddedInProduction(settings)
  await prepareHome(settings.home)
  const keys = await readMasterKeys(settings)
  const embedded = await attachEmbeddedPostgres({ home: settings.home, log })
  try {
    const postgres = await openPostgres({ connection: embedded.connection, ...keys, ...shared })
    const close = async (): Promise<void> => {
      await postgres.close()
      await embedded.close()
    }
    return { postgres, keyring: postgres.keys, close }
  } catch (error) {
    await embedded.close()
    throw error
  }
}

/** The same for a command that only looks: throws `RefusedError` where no server has ever run, instead of making a new home. */
export async function openExistingData(options: DataOptions): Promise<Data> {
  refuseAbsent(options.settings)
  return openData(options)
}

function directOf({ directDatabaseUrl }: Settings): ConnectionSettings | undefined {
  return directDatabaseUrl === undefined ? undefined : parseDatabaseUrl(directDatabaseUrl).connection
}

function refuseEmbeddedInProduction({ mode }: Settings): void {
  if (mode === 'development') return
  throw new ConfigurationError(
    'ERR_CONFIG_DATABASE',
    'the embedded database is for development: loopback addresses, NODE_ENV and AUTHSEC_ENV not production. ' +
      'Set AUTHSEC_DATABASE_URL (or AUTHSEC_DATABASE_URL_FILE)',
  )
}

function refuseAbsent(settings: Settings): void {
  const { home, mode } = settings
  if (mode === 'production' || hasData(settings)) return
  throw new RefusedError(`no server has run from ${home} yet; start one there, or name its home with AUTHSEC_HOME`)
}

/**
 * Where the databases are, for a look that opens none of them: an embedded cluster is attached meanwhile. Throws `RefusedError` where
 * no server has ever run.
 */
export async function withExistingCluster<Value>(
  { settings, log }: Pick<DataOptions, 'log' | 'settings'>,
  look: (address: ClusterAddress) => Promise<Value>,
): Promise<Value> {
  if (settings.databaseUrl !== undefined) return look(parseDatabaseUrl(settings.databaseUrl))
  refuseEmbeddedInProduction(settings)
  refuseAbsent(settings)
  const embedded = await attachEmbeddedPostgres({ home: settings.home, log })
  try {
    return await look({ connection: embedded.connection })
  } finally {
    await embedded.close()
  }
}

/** Whether there is a database to look at: one that is named, or the embedded one of a server that has run. */
export function hasData({ databaseUrl, home, mode }: Settings): boolean {
  return databaseUrl !== undefined || (mode === 'development' && existsSync(masterKeyFile(home)))
}
