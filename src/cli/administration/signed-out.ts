import { SessionsLeftError, type EndedSessions } from '../../app/sessions/sessions-left.js'

/** What has ended, in words. */
export function signedOutWords({ ended }: EndedSessions): string {
  return `signed out: ${ended} ${ended === 1 ? 'session' : 'sessions'}`
}

/** Throws `SessionsLeftError` where something is still signed in. */
export function refuseLeft(sessions: EndedSessions | undefined): void {
  if (sessions?.left !== undefined) throw new SessionsLeftError(sessions.left)
}
