import { quoted } from '../../core/administration/known-names.js'
import type { AccountFactor } from '../../core/identity/account-factor-store.js'
import { changeSecurity } from '../../core/identity/change-security.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { RefusedError } from '../refused-error.js'
import { endedSessions, type EndedSessions } from '../sessions/sessions-left.js'
import type { Agree } from './change-tenant.js'
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

export interface RemovedFactors {
  readonly kinds: readonly string[]
  readonly sessions: EndedSessions
}

/** Takes all second factors off an account, with consent, and ends what is signed in with it. Throws `RefusedError` where there are none. */
export async function removeFactors(place: TenantPlace, email: string, agree: Agree): Promise<RemovedFactors> {
  return withTenant(place, async ({ by, postgres, sessions, tenant }) => {
    const { accountFactors } = postgres
    const id = await accountId(postgres, tenant, email)
    const none = new RefusedError(`${quoted(email)} has no second factor`)
    const { demand, factors } = await accountFactors.standing(tenant, id)
    if (factors.length === 0) throw none
    await agree([
      demand === 'required'
        ? `${email} would have to set another one up at the next sign-in: one is required`
        : `until another one is set up, the password of ${email} would be enough`,
      `what is signed in as ${email} would be signed out`,
    ])
    const scope = { tenant, accounts: [id] }
    const { value, ...ending } = await changeSecurity(sessions, scope, () => accountFactors.removeAll(tenant, id, by))
    if (value.length === 0) throw none
    const kinds = value.map(({ kind }) => kind)
    return { kinds, sessions: endedSessions(ending, { tenant: tenant.slug, users: [email] }) }
  })
}

export interface DemandChange {
  /** The address of an account; `undefined` for everybody of the tenant. */
  readonly email: string | undefined
  readonly demand: 'required' | 'optional'
  /** Asked before everybody is signed out. */
  readonly agree: Agree
}

export interface ChangedDemand {
  readonly changed: boolean
  /** `undefined` where nobody was signed out: nothing is asked for that was not before. */
  readonly sessions: EndedSessions | undefined
}

/**
 * Says whether an account, or everybody, may do without a second factor. What is signed in ends where a factor is asked for from now
 * on. Throws `RefusedError`.
 */
export async function demandFactor(place: TenantPlace, { agree, demand, email }: DemandChange): Promise<ChangedDemand> {
  return withTenant(place, async ({ by, postgres, sessions, tenant }) => {
    const { accountFactors } = postgres
    const id = email === undefined ? undefined : await accountId(postgres, tenant, email)
    const set = (): Promise<boolean> => accountFactors.setDemand(tenant, { accountId: id, demand }, by)
    const { accountIds, everybody } = await accountFactors.demands(tenant)
    const isDemanded = id === undefined ? everybody : accountIds.includes(id)
    if (demand === 'optional' || isDemanded) return { changed: await set(), sessions: undefined }
    if (email === undefined) await agree([`everybody of ${tenant.slug} who is signed in would be signed out`])
    const accounts = id === undefined ? 'everybody' : [id]
    const { value: changed, ...ending } = await changeSecurity(sessions, { tenant, accounts }, set)
    const users = email === undefined ? 'everybody' : [email]
    return { changed, sessions: endedSessions(ending, { tenant: tenant.slug, users }) }
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
