import { quoted } from '../../core/administration/known-names.js'
import type { AccountFactor } from '../../core/identity/account-factor-store.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { RefusedError } from '../refused-error.js'
import { withTenant, type Installation, type TenantPlace } from './with-tenant.js'

/** What an account proves itself with besides its password, for a list. */
export interface ListedFactors {
  readonly email: string
  readonly kinds: readonly string[]
  readonly demand: 'required' | 'optional'
  /** ISO 8601; `undefined` before the first time. */
  readonly used: string | undefined
}

/** The second factors of one account, or of all. Throws `RefusedError` for an account that is not there. */
export async function listFactors(place: TenantPlace, email?: string): Promise<readonly ListedFactors[]> {
  return withTenant(place, async ({ postgres, tenant }) => {
    const accounts = await postgres.accounts.list(tenant)
    const meant = accounts.filter((account) => email === undefined || account.email === email)
    if (email !== undefined && meant.length === 0) throw unknown(tenant, email)
    const listed: ListedFactors[] = []
    for (const account of meant) {
      const { demand, factors } = await postgres.accountFactors.standing(tenant, account.id)
      const kinds = factors.map(({ kind }) => kind)
      listed.push({ email: account.email, kinds, demand, used: lastUse(factors) })
    }
    return listed
  })
}

/** Takes all second factors off an account; answers with their kinds. Throws `RefusedError` where there are none. */
export async function removeFactors(place: TenantPlace, email: string): Promise<readonly string[]> {
  return withTenant(place, async ({ by, postgres, tenant }) => {
    const id = await accountId(postgres, tenant, email)
    const removed = await postgres.accountFactors.removeAll(tenant, id, by)
    if (removed.length === 0) throw new RefusedError(`${quoted(email)} has no second factor`)
    return removed.map(({ kind }) => kind)
  })
}

export interface DemandChange {
  /** The address of an account; `undefined` for everybody of the tenant. */
  readonly email: string | undefined
  readonly demand: 'required' | 'optional'
}

/** Says whether an account, or everybody, may do without a second factor; `false` where it was so. Throws `RefusedError`. */
export async function demandFactor(place: TenantPlace, { demand, email }: DemandChange): Promise<boolean> {
  return withTenant(place, async ({ by, postgres, tenant }) => {
    const id = email === undefined ? undefined : await accountId(postgres, tenant, email)
    return postgres.accountFactors.setDemand(tenant, { accountId: id, demand }, by)
  })
}

async function accountId({ accounts }: Installation['postgres'], tenant: Tenant, email: string): Promise<string> {
  const account = await accounts.findByEmail(tenant, email)
  if (account === undefined) throw unknown(tenant, email)
  return account.id
}

function unknown({ slug }: Tenant, email: string): RefusedError {
  return new RefusedError(`there is no account ${quoted(email)} in ${slug}`)
}

function lastUse(factors: readonly AccountFactor[]): string | undefined {
  const times = factors.flatMap(({ usedAt }) => (usedAt === undefined ? [] : [usedAt.toISOString()]))
  return times.toSorted().at(-1)
}
