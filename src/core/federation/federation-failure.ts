import type { LoginFailure } from '../sign-in/login-failure.js'

/**
 * Why a sign-in with an identity provider did not go on, as on record (`docs/errors.md`). People are told in our own words, and
 * nothing of what the provider said.
 */
export type FederationFailure =
  | Extract<
      LoginFailure,
      | 'ERR_LOGIN_BROWSER'
      | 'ERR_LOGIN_DENIED'
      | 'ERR_LOGIN_LIMITED'
      | 'ERR_LOGIN_MALFORMED'
      | 'ERR_LOGIN_PROVIDER'
      | 'ERR_LOGIN_REPLAYED'
      | 'ERR_LOGIN_UNKNOWN'
    >
  | 'ERR_ACCOUNT_DISABLED'
  | 'ERR_IDP_UNAVAILABLE'
  | 'ERR_TENANT_NOT_ADMITTED'
  | EntryFailure
  /** The invitation was used meanwhile, replaced, or has expired. */
  | 'ERR_FEDERATION_INVITATION'
  /** Whoever accepted an invitation is another account already. */
  | 'ERR_FEDERATION_LINKED'
  /** The client asks for a sign-in that is fresh, and this provider cannot be asked for one. */
  | 'ERR_FEDERATION_NEVER_FRESH'
  /** The provider is not there any more, or not for this application. */
  | 'ERR_FEDERATION_REMOVED'
  /** The client asks for a sign-in that is fresh, and the provider does not say that it is. */
  | 'ERR_FEDERATION_STALE'

/** Why an identity that is no account's does not become one's. */
export type EntryFailure =
  /** An account has that address already; only an administrator says that both are one person. */
  | 'ERR_FEDERATION_ADDRESS_TAKEN'
  /** An administrator has taken it off its account, or the account is gone. */
  | 'ERR_FEDERATION_SHUT_OUT'
  /** The tenant lets nobody in by themselves, or nobody with such an address. */
  | 'ERR_FEDERATION_UNINVITED'
  /** The provider vouches for no address that an account could have. */
  | 'ERR_FEDERATION_UNVERIFIED'
