import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { PasswordHasher } from '../../adapter/issuer/password-hasher.js'
import type { Postgres } from '../../adapter/postgres/open-postgres.js'
import { grantsOf, type Grants } from '../../core/permission/grants.js'
import { readOptionalFile, writePrivateFile } from '../settings/private-file.js'
import type { SeedAccount, SeedTenant } from './development-seed.js'
import { keepAccounts, type LocalAccount } from './local-accounts.js'

export interface SowingOptions {
  readonly home: string
  readonly postgres: Postgres
  readonly hasher: PasswordHasher
  readonly seed: readonly SeedTenant[]
}

const hashesAtOnce = 8

/**
 * Creates the tenants of the seed with their accounts and random passwords; answers with the accounts that are new. Each tenant
 * is sown once: what an administrator takes away later stays away. A sowing that was cut off is completed.
 */
export async function sow(options: SowingOptions): Promise<readonly LocalAccount[]> {
  const path = join(options.home, 'seed.json')
  const sown = parseSlugs(await readOptionalFile(path))
  const created: LocalAccount[] = []
  for (const tenant of options.seed) {
    if (sown.has(tenant.slug)) continue
    created.push(...(await sowTenant(options, tenant)))
    sown.add(tenant.slug)
    await writePrivateFile(path, `${JSON.stringify([...sown])}\n`)
  }
  return created
}

async function sowTenant(
  { home, postgres, hasher }: SowingOptions,
  seed: SeedTenant,
): Promise<readonly LocalAccount[]> {
  const planned = seed.accounts.map((account) => ({ account, password: randomBytes(12).toString('base64url') }))
  const [tenant, hashes] = await Promise.all([
    postgres.provisioner.createTenant({ slug: seed.slug, name: seed.name }),
    hashAll(
      hasher,
      planned.map(({ password }) => password),
    ),
  ])
  const known = new Set((await postgres.accounts.list(tenant)).map(({ email }) => email))
  const missing = planned
    .map((plan, index) => ({ ...plan, passwordHash: hashes[index] }))
    .filter(({ account }) => !known.has(account.email))
  const locals = missing.map(({ account, password }) => ({ email: account.email, password, tenant: seed.slug }))
  await keepAccounts(home, locals)
  for (const { account, passwordHash } of missing) {
    const { email, name } = account
    await postgres.accounts.create(tenant, { email, name, passwordHash, grants: grantsOf(grantsIn(account)) })
  }
  return locals
}

/** A few at a time: the hasher refuses a longer queue, so that nobody can starve it. */
async function hashAll(hasher: PasswordHasher, passwords: readonly string[]): Promise<readonly string[]> {
  const hashes: string[] = []
  for (let start = 0; start < passwords.length; start += hashesAtOnce) {
    const some = passwords.slice(start, start + hashesAtOnce)
    hashes.push(...(await Promise.all(some.map((password) => hasher.hash(password)))))
  }
  return hashes
}

function grantsIn({ email: _email, name: _name, ...grants }: SeedAccount): Partial<Grants> {
  return grants
}

function parseSlugs(text: string | undefined): Set<string> {
  if (text === undefined) return new Set()
  try {
    const value: unknown = JSON.parse(text)
    return new Set(Array.isArray(value) ? value.filter((slug) => typeof slug === 'string') : [])
  } catch {
    return new Set()
  }
}
