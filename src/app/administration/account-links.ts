import { formatLink, linkDigest, newLinkSecret } from '../../adapter/issuer/account/account-link.js'
import { quoted } from '../../core/administration/known-names.js'
import type { AccountWish } from '../../core/administration/wish.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { LinkPurpose } from '../../core/identity/account-link-store.js'
import type { Grants } from '../../core/permission/grants.js'
import { findRunningServers } from '../development/running-server.js'
import { RefusedError } from '../refused-error.js'
import { readSettings } from '../settings/settings.js'
import { changeTenant, type Agree } from './change-tenant.js'
import { withTenant, type Installation, type TenantPlace } from './with-tenant.js'

export interface LinkOptions extends TenantPlace {
  readonly email: string
  /** How long the link is good for. */
  readonly seconds: number
}

export interface InvitationOptions extends LinkOptions {
  readonly name?: string | undefined
  readonly give: Grants
  readonly agree: Agree
}

/** A link for its user alone; nobody can see it again. */
export interface IssuedLink {
  /** Slug. */
  readonly tenant: string
  readonly email: string
  readonly purpose: LinkPurpose
  readonly url: string
  /** ISO 8601. */
  readonly expires: string
}

/** Adds the account where there is none yet, and makes the link that its first password is set with. Throws `RefusedError`. */
export async function inviteAccount(options: InvitationOptions): Promise<IssuedLink> {
  const { agree, email, env, give, name, tenant } = options
  const origin = await publicUrlOf(env)
  const wish: AccountWish = { kind: 'account', email, presence: 'present', name, give }
  await changeTenant({ env, tenant }, [wish], agree)
  return issueLink(options, { purpose: 'invitation', origin })
}

/** Makes the link that another password is set with. Nothing changes before it is used. Throws `RefusedError`. */
export async function resetAccount(options: LinkOptions): Promise<IssuedLink> {
  return issueLink(options, { purpose: 'reset', origin: await publicUrlOf(options.env) })
}

interface LinkPlace {
  readonly purpose: LinkPurpose
  readonly origin: string
}

function issueLink({ email, env, seconds, tenant: slug }: LinkOptions, place: LinkPlace): Promise<IssuedLink> {
  const { origin, purpose } = place
  return withTenant({ env, tenant: slug }, async ({ by, postgres, tenant }) => {
    const accountId = await accountFor(postgres, { tenant, email, purpose })
    const secret = newLinkSecret()
    const digest = linkDigest(postgres.keys, tenant.id, secret)
    const expires = await postgres.accountLinks.issue(tenant, { accountId, purpose, digest, seconds, by })
    const url = origin + formatLink({ tenant: tenant.slug, secret })
    return { tenant: tenant.slug, email, purpose, url, expires: expires.toISOString() }
  })
}

type Meant = Pick<LinkPlace, 'purpose'> & { readonly email: string } & {
  readonly tenant: Tenant
}

async function accountFor(postgres: Installation['postgres'], { email, purpose, tenant }: Meant): Promise<string> {
  const account = await postgres.accounts.findByEmail(tenant, email)
  if (account === undefined) throw new RefusedError(`there is no account ${quoted(email)} in ${tenant.slug}`)
  if (account.disabled) throw new RefusedError(`the account ${quoted(email)} is disabled; authsec account enable`)
  if (purpose === 'reset' && (await postgres.federation.passwords.refusing()).has(tenant.id)) {
    throw new RefusedError(`passwords let nobody in to ${tenant.slug}; authsec account identity links accounts`)
  }
  const hasPassword = (await postgres.accounts.findPasswordHash(tenant, account.id)) !== undefined
  if (purpose === 'invitation' && hasPassword) {
    throw new RefusedError(
      `${quoted(email)} has a password already; authsec account reset lets its user choose another`,
    )
  }
  return account.id
}

/** Where users reach the server: as it is set, else in development the one that runs. */
async function publicUrlOf(env: NodeJS.ProcessEnv): Promise<string> {
  const { home, ownIssuer, publicUrl } = readSettings(env, {}, undefined)
  if (ownIssuer === 'absent') throw new RefusedError('users sign in elsewhere: this installation has no passwords')
  if (publicUrl !== undefined) return publicUrl
  const urls = (await findRunningServers(home)).map((server) => server.publicUrl)
  const [only, ...others] = urls
  if (only === undefined) {
    throw new RefusedError(
      `no server runs from ${home}: start one, or say where users reach it with AUTHSEC_PUBLIC_URL`,
    )
  }
  if (others.length === 0) return only
  throw new RefusedError(`several servers run: say which with AUTHSEC_PUBLIC_URL (${urls.join(', ')})`)
}
