import { baseScope, grantedScopes } from '../../adapter/issuer/provider/access-token-claims.js'
import type { Account } from '../../core/identity/account-store.js'
import type { AssertedGrants } from '../../core/permission/grants.js'
import { RefusedError } from '../refused-error.js'

/**
 * What an access token of this installation's own issuer says of an account, as `authsec token` would mint it: with these scopes,
 * all of the account unless told. Permissions are not declared: the tenant's database alone says them.
 */
export function ownToken({ grants }: Account, asked: readonly string[] = grants.scopes): AssertedGrants {
  const { groups, resources, roles } = grants
  return { roles, groups, scopes: grantedScopes([baseScope, ...asked], grants.scopes), resources }
}

/**
 * The scopes that are asked for, separated by spaces. Throws `RefusedError` for those that the account does not have, so that
 * nobody wonders later why a tool is hidden.
 */
export function askedScopes(account: Account, scope: string | undefined): readonly string[] | undefined {
  const asked = scope?.split(' ').filter((name) => name !== '')
  const missing = asked?.filter((name) => name !== baseScope && !account.grants.scopes.includes(name)) ?? []
  if (missing.length === 0) return asked
  throw new RefusedError(
    `${account.email} does not have: ${missing.join(', ')}. It has: ${account.grants.scopes.join(', ') || 'none'}`,
  )
}
