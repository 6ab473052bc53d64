import { showSession, type ShownSession } from './shown-session.js'
import { withDirectory, type SessionChoice } from './with-directory.js'

/** The sessions that stand, of every kind. Throws like `withDirectory`, and `RefusedError` for whom or what is not there. */
export async function listSessions(env: NodeJS.ProcessEnv, choice: SessionChoice): Promise<readonly ShownSession[]> {
  return withDirectory(env, async ({ directory, scopeOf }) => {
    const sessions = await directory.list(await scopeOf(choice))
    return sessions.map(showSession)
  })
}
