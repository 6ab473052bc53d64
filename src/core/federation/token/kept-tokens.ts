import type { Tenant } from '../../identity/tenant.js'
import type { UpstreamTokens } from '../upstream-provider.js'

/** Whose tokens: of an account, at a provider (UUIDs), and as whom there. An account may be several users of one provider. */
export interface TokenPlace {
  readonly tenant: Tenant
  readonly account: string
  readonly provider: string
  /** As the provider says it. */
  readonly subject: string
}

/** Who gave the tokens, and whom alone they may be shown to. */
export interface TokenOrigin {
  readonly issuer: string
  readonly clientId: string
}

/** The tokens of one user of a provider. */
export interface KeptTokens extends TokenOrigin {
  readonly place: TokenPlace
  /** Another one after every change, and never one that was there before. */
  readonly version: string
  readonly tokens: UpstreamTokens
  /** By the database's clock: good for a while, to be renewed soon, or over. */
  readonly age: 'fresh' | 'due' | 'over'
}

/** Tokens that this process alone may renew, for a while. */
export interface KeptTokenClaim {
  /** UUID. */
  readonly id: string
  readonly kept: KeptTokens
}

/** Upstream tokens in the tenants' databases. Each method throws `UpstreamError` when that does not answer. */
export interface KeptTokenStore {
  /** In place of those before. Tokens that cannot be renewed do not take the place of what can, unless somebody else gave them. */
  keep(place: TokenPlace, origin: TokenOrigin, tokens: UpstreamTokens): Promise<void>
  /** `undefined` also for what cannot be opened any more. */
  find(place: TokenPlace): Promise<KeptTokens | undefined>
  /** Takes the renewal upon this process, for half a minute. `undefined` where another one has it, or those tokens are not there any more. */
  claim(kept: KeptTokens): Promise<KeptTokenClaim | undefined>
  /** Half a minute more. `false` where another process has it by now, or those tokens are not there any more. */
  extend(claim: KeptTokenClaim): Promise<boolean>
  /** Others may try again at once. Nothing happens where another process has it by now. */
  release(claim: KeptTokenClaim): Promise<void>
  /**
   * The new tokens in place of `kept`, or of what a sign-in has kept meanwhile with the same refresh token; nobody has claimed them any
   * more then. `false` where that refresh token is not there any more. Also for whoever was too slow: the tokens before are used up.
   */
  renew(kept: KeptTokens, tokens: UpstreamTokens): Promise<boolean>
  /** `false` where those are not there any more, or are not claimed so. */
  remove(kept: KeptTokens, claim?: KeptTokenClaim): Promise<boolean>
  /** Removes those of a provider (UUID) that is gone. */
  removeOf(tenant: Tenant, provider: string): Promise<void>
}
