import type { UpstreamError } from '../../core/error/upstream-error.js'
import { silence } from '../../core/identity/ends.js'
import { showSession, type ShownSession } from './shown-session.js'
import { withDirectory, type SessionChoice } from './with-directory.js'

export interface ShownSessions {
  readonly sessions: readonly ShownSession[]
  /** What could not be asked; `undefined` where everybody answers. */
  readonly failure: UpstreamError | undefined
}

/** The sessions that stand, of every kind. Throws like `withDirectory`, and `RefusedError` for whom or what is not there. */
export async function listSessions(env: NodeJS.ProcessEnv, choice: SessionChoice): Promise<ShownSessions> {
  return withDirectory(env, async ({ directory, scopeOf }) => {
    const { sessions, silent } = await directory.list(await scopeOf(choice))
    return { sessions: sessions.map(showSession), failure: silent.length === 0 ? undefined : silence(silent) }
  })
}
