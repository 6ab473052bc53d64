import { silence, type ListedSession, type SessionDirectory } from './session-directory.js'
import type { SessionHandle } from './session-handle.js'
import type { SessionOwner } from './session-owner.js'
import type { SessionScope } from './session-source.js'
import type { Tenant } from './tenant.js'

/** Sessions but for one, which goes on when the others end. */
export class OtherSessions implements Pick<SessionDirectory, 'end' | 'ownersOf'> {
  readonly #directory: Pick<SessionDirectory, 'endOne' | 'list' | 'ownersOf'>
  readonly #spared: SessionHandle

  constructor(directory: Pick<SessionDirectory, 'endOne' | 'list' | 'ownersOf'>, spared: SessionHandle) {
    this.#directory = directory
    this.#spared = spared
  }

  ownersOf(tenant: Tenant, accountId: string): Promise<readonly SessionOwner[]> {
    return this.#directory.ownersOf(tenant, accountId)
  }

  /** Ends the others of this scope; answers with what ended. Throws `UpstreamError` where not all of them are known or can be ended. */
  async end(scope: SessionScope): Promise<readonly ListedSession[]> {
    const { sessions, silent } = await this.#directory.list(scope)
    if (silent.length > 0) throw silence(silent)
    const ended: ListedSession[] = []
    for (const session of sessions) {
      if (session.kind === this.#spared.kind && session.key === this.#spared.key) continue
      ended.push(...(await this.#directory.endOne(session, scope.tenant)))
    }
    return ended
  }
}
