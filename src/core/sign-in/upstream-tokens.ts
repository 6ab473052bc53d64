import type { SignInReference } from './sign-in-store.js'
import type { UpstreamGrant } from './upstream-grant.js'

/** The tokens of a sign-in, for whoever has taken it upon itself to refresh them. */
export interface DueRefresh {
  readonly reference: SignInReference
  /** Who signed in: the provider must not vouch for anybody else now. */
  readonly subject: string
  /** How often they have been rotated. */
  readonly version: number
  readonly refreshToken: string
}

/**
 * The upstream tokens beside each sign-in in its tenant's database, whose clock says when they are due. Each method throws
 * `UpstreamError` when it does not answer.
 */
export interface UpstreamTokenStore {
  /**
   * Takes the refresh of a sign-in upon this process, for half a minute: then it is due again, whatever became of the process.
   * `undefined` where none is due, or another process has it. Throws `TypeError` for tokens that cannot be opened.
   */
  claim(reference: SignInReference): Promise<DueRefresh | undefined>
  /** Keeps the new tokens in place of those of `due`. `false` where those are not there any more. */
  renew(due: DueRefresh, grant: UpstreamGrant): Promise<boolean>
  /** It is due again later: the more often it was put off, the later. */
  postpone(due: DueRefresh): Promise<void>
  /** Whether the tokens of `due` are still those of the sign-in. */
  isCurrent(due: DueRefresh): Promise<boolean>
}
