import { identityWords } from '../../core/administration/account-identity.js'
import type { TenantAdministration } from '../../core/administration/tenant-administration.js'
import type {
  AccessRule,
  AccessRuleWish,
  AccountWish,
  ForgetWish,
  NameWish,
  Wish,
} from '../../core/administration/wish.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { nounOf } from '../../core/permission/grants.js'
import { shortList } from './short-list.js'

/** What is about to be done, and where. */
export interface Intent {
  readonly administration: TenantAdministration
  readonly tenant: Tenant
  readonly wishes: readonly Wish[]
}

/** What others would feel of it, a sentence each; nothing that is seen at a glance or undone as easily. */
export async function consequencesOf(intent: Intent): Promise<readonly string[]> {
  const sentences: string[] = []
  for (const wish of intent.wishes) sentences.push(...(await consequences(intent, wish)))
  return sentences
}

async function consequences(intent: Intent, wish: Wish): Promise<readonly string[]> {
  if (wish.kind === 'access rule') return ofRule(intent, wish)
  if (wish.kind === 'forget identity') return ofForgetting(intent, wish)
  if (wish.presence !== 'absent') return []
  return wish.kind === 'name' ? ofName(intent, wish) : ofAccount(intent, wish)
}

async function ofName({ administration, tenant }: Intent, { category, name }: NameWish): Promise<readonly string[]> {
  const usage = await administration.findUsage(tenant, category, name)
  if (usage === undefined) return []
  const { accounts, carriedBy, signUp } = usage
  const what = `the ${nounOf(category)} ${name}`
  return [
    ...(accounts.length > 0
      ? [`${countOf(accounts.length, 'account would lose', 'accounts would lose')} ${what}: ${shortList(accounts)}`]
      : []),
    ...(carriedBy.roles.length > 0 ? [`${what} is brought along by roles: ${shortList(carriedBy.roles)}`] : []),
    ...(carriedBy.groups.length > 0 ? [`${what} is brought along by groups: ${shortList(carriedBy.groups)}`] : []),
    ...(signUp === 'given' ? [`${what} is given to whoever signs up`] : []),
  ]
}

async function ofAccount({ administration, tenant }: Intent, { email }: AccountWish): Promise<readonly string[]> {
  const [account] = await administration.accounts(tenant, email)
  if (account === undefined) return []
  return [
    `the account ${email} would go with all that it is assigned; whoever is signed in with it would be refused from then on`,
  ]
}

async function ofForgetting({ administration, tenant }: Intent, { identity }: ForgetWish): Promise<readonly string[]> {
  const { signUp } = await administration.accessRule(tenant)
  if (signUp === 'nobody') return []
  return [
    `${identityWords(identity)} could enter without an account again, like every user whom the issuer vouches for`,
  ]
}

async function ofRule({ administration, tenant }: Intent, { rule }: AccessRuleWish): Promise<readonly string[]> {
  const known = await administration.accessRule(tenant)
  const opened = domainsOf({ ...known, ...rule }).filter((domain) => !domainsOf(known).includes(domain))
  return [
    ...(rule.grants === 'catalogue' && known.grants !== 'catalogue'
      ? ['what a token says is granted would count wherever the tenant knows the name, whatever accounts are assigned']
      : []),
    ...(rule.signUp === 'everybody' && known.signUp !== 'everybody'
      ? ['every user whom another issuer vouches for would enter without an account']
      : []),
    ...(opened.length > 0
      ? [
          `whoever signs in with a provider of the tenant and a verified address of ${shortList(opened)} would get an account`,
        ]
      : []),
  ]
}

/** Whose users enter by their addresses. */
function domainsOf({ signUp, signUpDomains }: Pick<AccessRule, 'signUp' | 'signUpDomains'>): readonly string[] {
  return signUp === 'domains' ? signUpDomains : []
}

function countOf(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`
}
