import type { ListedSession, SessionDirectory } from './session-directory.js'
import type { SessionHandle } from './session-handle.js'
import type { SessionOwner } from './session-owner.js'
import type { SessionScope } from './session-source.js'
import type { Tenant } from './tenant.js'

/** Sessions but for one, which goes on when the others end. */
export class OtherSessions implements Pick<SessionDirectory, 'end' | 'ownersOf'> {
  readonly #directory: Pick<SessionDirectory, 'end' | 'ownersOf'>
  readonly #spared: SessionHandle

  constructor(directory: Pick<SessionDirectory, 'end' | 'ownersOf'>, spared: SessionHandle) {
    this.#directory = directory
    this.#spared = spared
  }

  ownersOf(tenant: Tenant, accountId: string): Promise<readonly SessionOwner[]> {
    return this.#directory.ownersOf(tenant, accountId)
  }

  /** Ends the others of this scope; answers with what ended. Throws like `SessionDirectory.end`. */
  end(scope: SessionScope): Promise<readonly ListedSession[]> {
    return this.#directory.end({ ...scope, spared: this.#spared })
  }
}
