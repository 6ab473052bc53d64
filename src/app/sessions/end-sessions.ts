import { parseHandle } from '../../core/identity/session-handle.js'
import { RefusedError } from '../refused-error.js'
import { showSession, type ShownSession } from './shown-session.js'
import { withDirectory, type SessionChoice } from './with-directory.js'

/** Ends one session, by the id that `listSessions` gives to it. Throws `RefusedError` where there is none of this id. */
export async function endSession(
  env: NodeJS.ProcessEnv,
  id: string,
  tenant: string | undefined,
): Promise<readonly ShownSession[]> {
  const handle = parseHandle(id)
  if (handle === undefined) throw new RefusedError(`${id} is no id of a session; authsec session list shows them`)
  return withDirectory(env, async ({ directory, tenantOf }) => {
    const ended = await directory.endOne(handle, await tenantOf(tenant))
    if (ended.length === 0) throw new RefusedError(`no session ${id}; it may have ended already`)
    return ended.map(showSession)
  })
}

/**
 * Ends whatever lets the chosen in, at every server at once, once `confirm` agrees to how many they are. Throws `RefusedError`
 * where it does not, and for whom or what is not there.
 */
export async function endSessions(
  env: NodeJS.ProcessEnv,
  choice: SessionChoice,
  confirm: (sessions: number) => Promise<boolean>,
): Promise<readonly ShownSession[]> {
  return withDirectory(env, async ({ directory, scopeOf }) => {
    const scope = await scopeOf(choice)
    const { sessions, silent } = await directory.list(scope)
    const some = sessions.length + silent.length > 1
    if (some && !(await confirm(sessions.length))) throw new RefusedError('nothing was ended')
    const ended = await directory.end(scope)
    return ended.map(showSession)
  })
}
