import type { AccountFactorStore } from '../../../core/identity/account-factor-store.js'
import type { AccountLinkStore } from '../../../core/identity/account-link-store.js'
import type { SessionDirectory } from '../../../core/identity/session-directory.js'

/** What is kept of how accounts prove themselves. */
export interface AccountSecurity {
  readonly links: AccountLinkStore
  readonly factors: AccountFactorStore
  /** What is signed in, wherever it is, and the end of it. */
  readonly sessions: Pick<SessionDirectory, 'end' | 'endOne' | 'list' | 'ownersOf'>
}
