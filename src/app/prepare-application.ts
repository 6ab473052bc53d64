import type { Postgres } from '../adapter/postgres/open-postgres.js'
import { ConfigurationError } from '../core/error/configuration-error.js'
import type { AdmittedTenants, Application } from '../core/identity/application.js'
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
}

/**
 * The application that this server is. Development sows its tenants and registers the client id; production throws
 * `ConfigurationError` for a client id that nobody registered.
 */
export async function prepareApplication(options: PreparationOptions): Promise<PreparedApplication> {
  const { settings, postgres, hasher, seed } = options
  if (settings.mode === 'production') return { application: await registered(settings.clientId, postgres), created: [] }
  return postgres.provisioner.exclusively('development-seed', async () => {
    const created = await sow({ home: settings.home, postgres, hasher, seed })
    return { application: await register(options), created }
  })
}

async function registered(clientId: string, postgres: Postgres): Promise<Application> {
  const application = await postgres.applications.find(clientId)
  if (application !== undefined) return application
  throw new ConfigurationError(
    'ERR_CONFIG_APPLICATION',
    `the client id "${clientId}" is not registered; a production server starts only as a known application`,
  )
}

async function register({ settings, postgres, seed, appName, admits }: PreparationOptions): Promise<Application> {
  const known = await postgres.applications.find(settings.clientId)
  const owner = known?.tenant ?? (await firstTenant(postgres, seed))
  if (owner === undefined) {
    throw new ConfigurationError('ERR_CONFIG_APPLICATION', 'development.tenants is empty: name at least one tenant')
  }
  const application: Application = {
    clientId: settings.clientId,
    name: appName,
    tenant: owner,
    admits: admits ?? 'own',
  }
  await postgres.applications.register(application)
  return application
}

async function firstTenant(
  postgres: Postgres,
  seed: readonly SeedTenant[],
): Promise<Application['tenant'] | undefined> {
  return seed[0] === undefined ? undefined : postgres.tenants.findBySlug(seed[0].slug)
}
