import { isDeepStrictEqual } from 'node:util'
import type { Postgres } from '../adapter/postgres/open-postgres.js'
import { ConfigurationError } from '../core/error/configuration-error.js'
import type { AdmittedTenants, Application } from '../core/identity/application.js'
import type { Tenant } from '../core/identity/tenant.js'
import type { Log } from '../core/runtime/log.js'
import type { SeedTenant } from './development/development-seed.js'
import type { LocalAccount } from './development/local-accounts.js'
import { sow, type SowingOptions } from './development/sow.js'
import type { Settings } from './settings/settings.js'

export interface PreparedApplication {
  readonly application: Application
  /** Accounts that were made just now. */
  readonly created: readonly LocalAccount[]
}

export interface PreparationOptions extends Omit<SowingOptions, 'home'> {
  readonly settings: Settings
  readonly appName: string
  readonly admits: AdmittedTenants | undefined
  readonly log: Log
}

/**
 * The application that this server is. Development sows its tenants and registers the client id; production throws
 * `ConfigurationError` for a client id that nobody registered.
 */
export async function prepareApplication(options: PreparationOptions): Promise<PreparedApplication> {
  const { settings, postgres, hasher, seed } = options
  if (settings.mode === 'production') return { application: await registered(options), created: [] }
  return postgres.provisioner.exclusively('development-seed', async () => {
    const created = await sow({ home: settings.home, postgres, hasher, seed })
    return { application: await register(options), created }
  })
}

async function registered({ settings, postgres, admits }: PreparationOptions): Promise<Application> {
  const application = await postgres.applications.find(settings.clientId)
  if (application === undefined) {
    throw fault(
      `the client id "${settings.clientId}" is not registered: authsec application add ${settings.clientId} --tenant SLUG, or name another with AUTHSEC_CLIENT_ID`,
    )
  }
  if (admits !== undefined && !isDeepStrictEqual(admits, application.admits)) {
    const stored = JSON.stringify(application.admits)
    throw fault(
      `the code says tenants: ${JSON.stringify(admits)}, the registered application ${stored}; make them equal`,
    )
  }
  return application
}

async function register(options: PreparationOptions): Promise<Application> {
  const { settings, postgres, seed, appName, admits = 'own' } = options
  const known = await postgres.applications.find(settings.clientId)
  const owner = known?.tenant ?? (await firstTenant(postgres, seed))
  if (owner === undefined) throw fault('development.tenants is empty: name at least one tenant')
  for (const slug of typeof admits === 'string' ? [] : admits) {
    if ((await postgres.tenants.findBySlug(slug)) === undefined) throw fault(`tenants: there is no tenant "${slug}"`)
  }
  warnOfAnotherOwner(options, owner)
  const application: Application = { clientId: settings.clientId, name: appName, tenant: owner, admits }
  await postgres.applications.register(application)
  return application
}

/** Whoever put other tenants into the code would wonder why nobody of theirs may enter. */
function warnOfAnotherOwner({ log, seed, settings }: PreparationOptions, owner: Tenant): void {
  const first = seed[0]?.slug
  if (first === undefined || first === owner.slug) return
  log.write(
    'warn',
    `the application "${settings.clientId}" belongs to tenant ${owner.slug} since its first start, and not to ${first}, which ` +
      `development.tenants names first now: delete ${settings.home} to begin again, or use another clientId`,
  )
}

function fault(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_APPLICATION', message)
}

async function firstTenant(
  postgres: Postgres,
  seed: readonly SeedTenant[],
): Promise<Application['tenant'] | undefined> {
  return seed[0] === undefined ? undefined : postgres.tenants.findBySlug(seed[0].slug)
}
