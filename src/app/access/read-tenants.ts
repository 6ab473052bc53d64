import type { Postgres } from '../../adapter/postgres/open-postgres.js'
import { createLog } from '../../adapter/telemetry/create-log.js'
import { admits, type Application } from '../../core/identity/application.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { AuthSecApp } from '../create-auth-sec-app.js'
import { issuerOf } from '../issuer-of.js'
import { hasData, openExistingData } from '../open-data.js'
import { RefusedError } from '../refused-error.js'
import { readSettings, type Settings } from '../settings/settings.js'

/** Where a question about access is asked. */
export interface Place {
  readonly app: AuthSecApp
  /** What exports the app; the home is looked for beside its package.json, as when the app runs. */
  readonly file: string
  readonly env: NodeJS.ProcessEnv
  /** Slug; all that the application admits, unless told. */
  readonly tenant?: string | undefined
}

/** The databases of the tenants whose users may enter. */
export interface ReadableTenants {
  readonly postgres: Postgres
  /** The issuer for which a token's subject is the id of an account. */
  readonly issuer: string
  readonly tenants: readonly Tenant[]
}

/** Whether there is a database that a command could look at. */
export function hasDatabase({ app, env, file }: Place): boolean {
  return hasData(settingsOf(app, env, file))
}

/**
 * Opens the tenants' databases for a look and closes them again. Throws `RefusedError` where no server has run yet, and for a
 * tenant that is not there or that the application does not admit; `UpstreamError` for a database that is down.
 */
export async function readTenants<Value>(
  { app, env, file, tenant: slug }: Place,
  read: (tenants: ReadableTenants) => Promise<Value>,
): Promise<Value> {
  const settings = settingsOf(app, env, file)
  const issuer = issuerOf(settings.publicUrl ?? `http://${settings.host}:${settings.port}`)
  const data = await openExistingData({ settings, issuer, log: createLog('warn') })
  try {
    const { postgres } = data
    const application = await postgres.applications.find(settings.clientId)
    const tenants = admitted(await postgres.tenants.list(), application, slug)
    return await read({ postgres, issuer, tenants })
  } finally {
    await data.close()
  }
}

function settingsOf(app: AuthSecApp, env: NodeJS.ProcessEnv, file: string): Settings {
  return readSettings(env, { clientId: app.clientId }, file)
}

/** An application that nobody has registered yet admits whom it will be registered for, which is not known here. */
function admitted(
  tenants: readonly Tenant[],
  application: Application | undefined,
  slug: string | undefined,
): readonly Tenant[] {
  const named = tenants.filter((tenant) => slug === undefined || tenant.slug === slug)
  if (slug !== undefined && named.length === 0)
    throw new RefusedError(`no tenant ${slug}; authsec tenant list shows them`)
  const entering = named.filter((tenant) => application === undefined || admits(application, tenant))
  if (application !== undefined && slug !== undefined && entering.length === 0) {
    throw new RefusedError(
      `the application ${application.clientId} does not admit the tenant ${slug}: its users may do nothing`,
    )
  }
  return entering
}
