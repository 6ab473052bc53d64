import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { PasswordHasher } from '../adapter/issuer/password-hasher.js'
import type { Postgres } from '../adapter/postgres/open-postgres.js'
import { ConfigurationError } from '../core/error/configuration-error.js'
import type { AdmittedTenants, Application } from '../core/identity/application.js'
import { grantsOf } from '../core/permission/grants.js'
import type { SeedTenant } from './development/development-seed.js'
import { readOptionalFile, writePrivateFile } from './settings/home.js'
import type { Settings } from './settings/settings.js'

/** A local account with its password in clear, as in `accounts.json` and nowhere else. */
export interface LocalAccount {
  readonly email: string
  readonly password: string
  readonly tenant: string
}

export interface PreparedApplication {
  readonly application: Application
  /** Accounts that were made just now. */
  readonly created: readonly LocalAccount[]
}

export interface PreparationOptions {
  readonly settings: Settings
  readonly postgres: Postgres
  readonly hasher: PasswordHasher
  readonly appName: string
  readonly admits: AdmittedTenants | undefined
  readonly seed: readonly SeedTenant[]
}

/**
 * The application that this server is. Development creates the tenants of the seed that are not there yet, with random passwords,
 * and registers the client id; production throws `ConfigurationError` for a client id that nobody registered.
 */
export async function prepareApplication(options: PreparationOptions): Promise<PreparedApplication> {
  if (options.settings.mode === 'production') return { application: await registered(options), created: [] }
  return options.postgres.provisioner.exclusively('development-seed', async () => {
    const created: LocalAccount[] = []
    for (const tenant of options.seed) created.push(...(await createTenant(options, tenant)))
    return { application: await register(options), created }
  })
}

async function registered({ settings, postgres }: PreparationOptions): Promise<Application> {
  const application = await postgres.applications.find(settings.clientId)
  if (application !== undefined) return application
  throw new ConfigurationError(
    'ERR_CONFIG_APPLICATION',
    `the client id "${settings.clientId}" is not registered; a production server starts only as a known application`,
  )
}

async function register(options: PreparationOptions): Promise<Application> {
  const { settings, postgres, seed } = options
  const known = await postgres.applications.find(settings.clientId)
  const owner = known?.tenant ?? (seed[0] === undefined ? undefined : await postgres.tenants.findBySlug(seed[0].slug))
  if (owner === undefined) {
    throw new ConfigurationError('ERR_CONFIG_APPLICATION', 'development.tenants is empty: name at least one tenant')
  }
  const application: Application = {
    clientId: settings.clientId,
    name: options.appName,
    tenant: owner,
    admits: options.admits ?? 'own',
  }
  await postgres.applications.register(application)
  return application
}

async function createTenant(options: PreparationOptions, seed: SeedTenant): Promise<readonly LocalAccount[]> {
  const { postgres, hasher, settings } = options
  const existing = await postgres.tenants.findBySlug(seed.slug)
  const stands = existing !== undefined && (await postgres.accounts.list(existing)).length >= seed.accounts.length
  if (stands) return []
  const tenant = existing ?? (await postgres.provisioner.createTenant({ slug: seed.slug, name: seed.name }))
  const locals: LocalAccount[] = []
  for (const account of seed.accounts) {
    if ((await postgres.accounts.findByEmail(tenant, account.email)) !== undefined) continue
    const local = { email: account.email, password: randomBytes(12).toString('base64url'), tenant: seed.slug }
    await keepAccount(settings.home, local)
    const passwordHash = await hasher.hash(local.password)
    await postgres.accounts.create(tenant, { ...account, passwordHash, grants: grantsOf(seedGrants(account)) })
    locals.push(local)
  }
  return locals
}

function seedGrants(account: SeedTenant['accounts'][number]): Parameters<typeof grantsOf>[0] {
  const { email: _email, name: _name, ...grants } = account
  return grants
}

export function accountsFile(home: string): string {
  return join(home, 'accounts.json')
}

async function keepAccount(home: string, account: LocalAccount): Promise<void> {
  const path = accountsFile(home)
  const text = await readOptionalFile(path)
  const kept = text === undefined ? [] : parseAccounts(text, path)
  const others = kept.filter(({ email, tenant }) => email !== account.email || tenant !== account.tenant)
  await writePrivateFile(path, `${JSON.stringify([...others, account], undefined, 2)}\n`)
}

function parseAccounts(text: string, path: string): readonly LocalAccount[] {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value) && value.every(isLocalAccount)) return value
  } catch (cause) {
    throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `${path} is not JSON; repair it or move it away`, { cause })
  }
  throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `${path} does not list accounts; repair it or move it away`)
}

function isLocalAccount(value: unknown): value is LocalAccount {
  if (typeof value !== 'object' || value === null) return false
  return ['email', 'password', 'tenant'].every((member) => typeof Reflect.get(value, member) === 'string')
}
