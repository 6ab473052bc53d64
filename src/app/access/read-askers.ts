import type { Account } from '../../core/identity/account-store.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { bearerOf, type Asker } from '../../core/permission/asker.js'
import { holdingOf } from '../../core/permission/holding.js'
import { ownToken } from './own-token.js'
import type { ReadableTenants } from './read-tenants.js'

/** An account that may sign in, with the token that this installation's own issuer would mint for it. */
export interface AccountAsker {
  readonly account: Account
  readonly asker: Asker
}

/** Who can ask for something in a tenant. */
export interface Askers {
  /** Everybody who may sign in here, by address. */
  readonly accounts: readonly AccountAsker[]
  /** Users of other issuers, whom nobody can count: whether the tenant may grant them something that no account here has. */
  readonly others: 'possible' | 'none'
}

const elsewhere = 'https://other.invalid'

/** Everybody in the tenant who may sign in, and whether there may be others. */
export async function readAskers({ issuer, postgres }: ReadableTenants, tenant: Tenant): Promise<Askers> {
  const { accounts, grants } = postgres
  const { signUp, source } = await grants.findStanding(tenant, elsewhere, 'somebody')
  const others = source === 'catalogue' || signUp.admits === 'everybody' ? 'possible' : 'none'
  const entering = (await accounts.list(tenant)).filter(({ disabled }) => disabled === false)
  const [first] = entering
  if (first === undefined) return { accounts: [], others }
  // What a tenant's database counts as granted is the same for all of its accounts.
  const rules = await grants.findStanding(tenant, issuer, first.id)
  return {
    accounts: entering.map((account) => ({
      account,
      asker: bearerOf(holdingOf(ownToken(account), { ...rules, account })),
    })),
    others,
  }
}
