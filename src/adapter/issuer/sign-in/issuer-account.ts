import type { Account as ProviderAccount, AccountClaims, FindAccount } from 'oidc-provider'
import type { Clock } from '../../../core/runtime/clock.js'
import type { AccountDirectory, Principal } from './account-directory.js'
import { orUnavailable, type ErrorsOfProvider } from '../provider/oidc-adapter.js'

/** Seconds in which a used refresh token is refused without ending its family: a client with two windows races with itself. */
const rotationGraceSeconds = 10

/** The provider's view of an account that may sign in, read for one request. */
export class IssuerAccount implements ProviderAccount {
  readonly [key: string]: unknown
  readonly accountId: string
  readonly principal: Principal

  constructor(accountId: string, principal: Principal) {
    this.accountId = accountId
    this.principal = principal
  }

  readonly claims = (): AccountClaims => {
    const { account, tenant } = this.principal
    return { sub: this.accountId, tenant_id: tenant.slug, email: account.email, name: account.name }
  }
}

export interface AccountFinderPorts {
  readonly directory: AccountDirectory
  readonly errors: ErrorsOfProvider
  readonly clock: Clock
}

/** Reads the account again for every authorization, code and refresh; without a standing one nothing is issued. */
export function createAccountFinder({ directory, errors, clock }: AccountFinderPorts): FindAccount {
  return async (_context, subject, source) => {
    if (source?.kind === 'RefreshToken' && isInGrace(source.consumed, clock)) {
      throw new errors.InvalidGrant('refresh token already used')
    }
    const principal = await orUnavailable(directory.find(subject), errors)
    return principal === undefined ? undefined : new IssuerAccount(subject, principal)
  }
}

function isInGrace(consumedAt: unknown, clock: Clock): boolean {
  return typeof consumedAt === 'number' && clock.now() / 1000 - consumedAt <= rotationGraceSeconds
}
