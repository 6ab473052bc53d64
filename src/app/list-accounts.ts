import { createLog } from '../adapter/telemetry/create-log.js'
import type { AccountIdentity } from '../core/administration/account-identity.js'
import type { Tenant } from '../core/identity/tenant.js'
import { openExistingData, type Data } from './open-data.js'
import { RefusedError } from './refused-error.js'
import { readSettings } from './settings/settings.js'
import { issuerOf } from './issuer-of.js'

/** One account as the CLI shows it. */
export interface ListedAccount {
  readonly tenant: string
  readonly email: string
  readonly name: string | undefined
  readonly disabled: boolean
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly permissions: readonly string[]
  /** Whom other issuers know it as. */
  readonly identities: readonly AccountIdentity[]
}

/** The accounts of one tenant or of all, by tenant and address. Throws `RefusedError` for a tenant that is not there. */
export async function listAccounts(
  env: NodeJS.ProcessEnv,
  slug: string | undefined,
): Promise<readonly ListedAccount[]> {
  const settings = readSettings(env, {}, undefined)
  const issuer = issuerOf(settings.publicUrl ?? `http://${settings.host}:${settings.port}`)
  const data = await openExistingData({ settings, issuer, log: createLog('warn') })
  try {
    const tenants = (await data.postgres.tenants.list()).filter((tenant) => slug === undefined || tenant.slug === slug)
    if (slug !== undefined && tenants.length === 0)
      throw new RefusedError(`no tenant ${slug}; authsec tenant list shows them`)
    const lists = await Promise.all(
      tenants.map(async (tenant) => {
        const accounts = await data.postgres.accounts.list(tenant)
        const identities = await identitiesIn(data, tenant)
        return accounts.map(({ email, name, disabled, grants }) => ({
          ...{ tenant: tenant.slug, email, name, disabled, ...grants },
          identities: identities.get(email) ?? [],
        }))
      }),
    )
    return lists.flat()
  } finally {
    await data.close()
  }
}

async function identitiesIn(
  { postgres }: Data,
  tenant: Tenant,
): Promise<ReadonlyMap<string, readonly AccountIdentity[]>> {
  const identities = new Map<string, AccountIdentity[]>()
  for (const { email, issuer, subject } of await postgres.tenantAdministration.identities(tenant)) {
    if (email === undefined) continue
    const known = identities.get(email)
    if (known === undefined) identities.set(email, [{ issuer, subject }])
    else known.push({ issuer, subject })
  }
  return identities
}
