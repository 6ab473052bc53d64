import { createLog } from '../../adapter/telemetry/create-log.js'
import type { SessionDirectory } from '../../core/identity/session-directory.js'
import type { SessionScope } from '../../core/identity/session-source.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { administrator } from '../administration/with-tenant.js'
import { findAccount } from '../find-account.js'
import { openExistingData, type Data } from '../open-data.js'
import { issuerIn } from '../own-url.js'
import { RefusedError } from '../refused-error.js'
import { readSettings } from '../settings/settings.js'
import { openClientNotifier, openSessionDirectory } from './open-session-directory.js'

/** Whose sessions are meant; all there are, unless told. */
export interface SessionChoice {
  /** Slug. */
  readonly tenant?: string | undefined
  /** The address of an account. */
  readonly user?: string | undefined
  /** The client id of a server. */
  readonly application?: string | undefined
}

export interface OpenDirectory {
  readonly data: Data
  readonly directory: SessionDirectory
  /** Throws `RefusedError` for a tenant, account or application that is not there. */
  scopeOf(choice: SessionChoice): Promise<SessionScope>
  /** The tenant of this slug, if one is named. Throws `RefusedError` where it is not there. */
  tenantOf(slug: string | undefined): Promise<Tenant | undefined>
}

/**
 * Opens the sessions of this installation for a command and closes them again. Throws `RefusedError` where no server has run yet,
 * `UpstreamError` where a database does not answer.
 */
export async function withDirectory<Value>(
  env: NodeJS.ProcessEnv,
  act: (open: OpenDirectory) => Promise<Value>,
): Promise<Value> {
  const settings = readSettings(env, {}, undefined)
  const issuer = await issuerIn(env)
  const log = createLog('warn')
  const data = await openExistingData({ settings, issuer, log })
  try {
    const reach = settings.mode === 'development' ? 'private' : 'public'
    const clients = openClientNotifier(data, { issuer, log, reach })
    const directory = openSessionDirectory(data, issuer, { clients, by: administrator() })
    const tenantOf = (slug: string | undefined): Promise<Tenant | undefined> => findTenant(data, slug)
    return await act({ data, directory, tenantOf, scopeOf: (choice) => readScope({ data, directory }, choice) })
  } finally {
    await data.close()
  }
}

async function readScope(
  { data, directory }: { readonly data: Data; readonly directory: SessionDirectory },
  { application, tenant: slug, user }: SessionChoice,
): Promise<SessionScope> {
  await requireApplication(data, application)
  if (user === undefined) return { tenant: await findTenant(data, slug), owners: undefined, application }
  const { account, tenant } = await findAccount(data.postgres, { user, tenant: slug })
  return { tenant, owners: await directory.ownersOf(tenant, account.id), application }
}

/** A suspended one, too: its sessions come back with it. */
async function findTenant({ postgres }: Data, slug: string | undefined): Promise<Tenant | undefined> {
  if (slug === undefined) return undefined
  const tenant = (await postgres.directory.signIns.tenants()).find((one) => one.slug === slug)
  if (tenant === undefined) throw new RefusedError(`no tenant ${slug}; authsec tenant list shows them`)
  return tenant
}

async function requireApplication({ postgres }: Data, application: string | undefined): Promise<void> {
  if (application === undefined || (await postgres.applications.find(application)) !== undefined) return
  throw new RefusedError(`no application ${application}`)
}
