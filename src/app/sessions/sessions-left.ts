import type { SecurityChange } from '../../core/identity/change-security.js'

/** A change was made, and not everything that rests on what was before could be ended. The message says how it is. */
export class SessionsLeftError extends Error {
  override readonly name = 'SessionsLeftError'
}

/** What ended with a change, for whoever made it. */
export interface EndedSessions {
  readonly ended: number
  /** What still has to be done, as a sentence; `undefined` where everything has ended. */
  readonly left: string | undefined
}

/** Puts into words what ended, of these users or of everybody in the tenant. */
export function endedSessions(
  { ended, sessions }: Pick<SecurityChange<unknown>, 'ended' | 'sessions'>,
  { tenant, users }: { readonly tenant: string; readonly users: readonly string[] | 'everybody' },
): EndedSessions {
  if (sessions === 'ended' || users.length === 0) return { ended, left: undefined }
  const named = users === 'everybody' ? [' --all'] : users.map((user) => ` --user ${user}`)
  const commands = named.map((user) => `authsec session end --tenant ${tenant}${user}`)
  const left = `the change stands, but not everything that was signed in before could be ended: run ${commands.join(' and ')}`
  return { ended, left }
}
