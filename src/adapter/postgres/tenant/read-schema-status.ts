import type { SchemaStatus } from '../../../core/administration/schema-status.js'
import type { Log } from '../../../core/runtime/log.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { limitsFor } from '../connection-budget.js'
import { Databases } from '../databases.js'
import { StoredKeyring } from '../key/stored-keyring.js'
import { MigrationRun } from './migration-run.js'

const fewConnections = 5

export interface StatusOptions {
  readonly connection: ConnectionSettings
  readonly masterDatabase?: string | undefined
  /** Slug; all tenants unless told. */
  readonly tenant?: string | undefined
  readonly log: Log
}

/** How the schemas of an installation stand, master first. Changes nothing, also where master itself is behind, and needs no key. */
export async function readSchemaStatus({
  connection,
  log,
  masterDatabase = 'authsec',
  tenant,
}: StatusOptions): Promise<readonly SchemaStatus[]> {
  const keys = new StoredKeyring([], log)
  const databases = new Databases({ connection, masterDatabase, keys, ...limitsFor(fewConnections) })
  try {
    return await new MigrationRun(databases, keys).status({ tenant })
  } finally {
    await databases.close()
  }
}
