import { readSchemaStatus } from '../../adapter/postgres/tenant/read-schema-status.js'
import { createLog } from '../../adapter/telemetry/create-log.js'
import type { MigrationProgress, MigrationResult, SchemaStatus } from '../../core/administration/schema-status.js'
import { withExistingCluster } from '../open-data.js'
import { RefusedError } from '../refused-error.js'
import { readSettings } from '../settings/settings.js'
import { recordChange } from './record-change.js'
import { withInstallation } from './with-tenant.js'

export interface MigrationOptions {
  /** Slug; all tenants unless told. */
  readonly tenant?: string | undefined
  readonly onProgress?: ((progress: MigrationProgress) => void) | undefined
}

/** How the schemas stand, master first; changes nothing. Throws `RefusedError` for a tenant that is not there. */
export async function readMigrationStatus(
  env: NodeJS.ProcessEnv,
  tenant: string | undefined,
): Promise<readonly SchemaStatus[]> {
  const settings = readSettings(env, {}, undefined)
  const log = createLog('warn')
  const found = await withExistingCluster({ settings, log }, (address) => readSchemaStatus({ ...address, tenant, log }))
  if (tenant !== undefined && found.every((status) => status.tenant !== tenant)) throw absent(tenant)
  return found
}

/** Brings master and then the tenants up to date; one that fails does not keep the others. Throws `RefusedError` for a tenant that is not there. */
export async function migrateInstallation(
  env: NodeJS.ProcessEnv,
  options: MigrationOptions,
): Promise<readonly MigrationResult[]> {
  const [master] = await readMigrationStatus(env, options.tenant)
  return withInstallation(env, async (installation) => {
    const tenants = await installation.postgres.migrations.migrate(options)
    if (options.tenant !== undefined && tenants.length === 0) throw absent(options.tenant)
    const { database = '', missing: taken = [], withheld = [] } = master ?? {}
    const results = [{ tenant: undefined, database, taken, withheld, failure: undefined }, ...tenants]
    for (const { database: name, taken: after } of results) {
      if (after.length > 0) await recordChange(installation, { action: 'changed', noun: 'schema', name, after })
    }
    return results
  })
}

function absent(slug: string): RefusedError {
  return new RefusedError(`no tenant ${slug}; authsec tenant list shows them`)
}
