import { userInfo } from 'node:os'
import type { Postgres } from '../../adapter/postgres/open-postgres.js'
import { createLog } from '../../adapter/telemetry/create-log.js'
import type { Administrator } from '../../core/administration/tenant-administration.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { SessionDirectory } from '../../core/identity/session-directory.js'
import { issuerIn } from '../own-url.js'
import { openExistingData } from '../open-data.js'
import { RefusedError } from '../refused-error.js'
import { openClientNotifier, openSessionDirectory } from '../sessions/open-session-directory.js'
import { readSettings, type Settings } from '../settings/settings.js'

/** The installation whose databases an administrator works on. */
export interface Installation {
  readonly settings: Settings
  readonly postgres: Postgres
  /** Whatever lets anybody in. */
  readonly sessions: SessionDirectory
  readonly by: Administrator
}

/** Where an administrator works. */
export interface TenantPlace {
  readonly env: NodeJS.ProcessEnv
  /** Slug; needed where there are several tenants. */
  readonly tenant?: string | undefined
}

/** Opens the databases for an administrator and closes them again. Throws `RefusedError` where no server has run yet. */
export async function withInstallation<Value>(
  env: NodeJS.ProcessEnv,
  work: (installation: Installation) => Promise<Value>,
): Promise<Value> {
  const settings = readSettings(env, {}, undefined)
  const issuer = await issuerIn(env)
  const log = createLog('warn')
  const data = await openExistingData({ settings, issuer, log })
  try {
    const reach = settings.mode === 'development' ? 'private' : 'public'
    const by = administrator()
    const clients = openClientNotifier(data, { issuer, log, reach })
    const sessions = openSessionDirectory(data, issuer, { clients, by })
    return await work({ settings, postgres: data.postgres, sessions, by })
  } finally {
    await data.close()
  }
}

/** The same for one tenant. Throws `RefusedError` for one that is not there, and where it is not said which of several. */
export async function withTenant<Value>(
  { env, tenant: slug }: TenantPlace,
  work: (installation: Installation & { readonly tenant: Tenant }) => Promise<Value>,
): Promise<Value> {
  return withInstallation(env, async (installation) => {
    const tenants = await installation.postgres.tenants.list()
    const [tenant, another] = tenants.filter((known) => slug === undefined || known.slug === slug)
    if (tenant === undefined)
      throw new RefusedError(
        slug === undefined ? 'there is no tenant yet' : `no tenant ${slug}; authsec tenant list shows them`,
      )
    if (another !== undefined) {
      throw new RefusedError(`there are several tenants: name one with --tenant (${slugs(tenants)})`)
    }
    return work({ ...installation, tenant })
  })
}

const mostSlugs = 10

function slugs(tenants: readonly Tenant[]): string {
  const shown = tenants.slice(0, mostSlugs).map(({ slug }) => slug)
  return tenants.length > mostSlugs ? `${shown.join(', ')}, …` : shown.join(', ')
}

/** Who works at this terminal. Not everybody has a name: a container may run as a number. */
export function administrator(): Administrator {
  try {
    return `cli:${userInfo().username}`
  } catch {
    return `cli:${process.getuid?.() ?? 'unknown'}`
  }
}
