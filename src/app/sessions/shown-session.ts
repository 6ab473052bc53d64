import type { ListedSession } from '../../core/identity/session-directory.js'
import { formatHandle } from '../../core/identity/session-handle.js'
import type { SessionKind } from '../../core/identity/session-source.js'

/** One session as the CLI shows it. */
export interface ShownSession {
  /** Names the session to `authsec session end`; nobody gets in with it. */
  readonly id: string
  readonly kind: SessionKind
  readonly tenant: string | undefined
  /** The address of the account, or what its issuer calls the user; `undefined` where nobody is signed in. */
  readonly user: string | undefined
  readonly client: string | undefined
  readonly application: string | undefined
  /** ISO 8601, like the two below. */
  readonly started: string | undefined
  readonly used: string | undefined
  readonly expires: string | undefined
}

/** What people are shown of a session. */
export function showSession(session: ListedSession): ShownSession {
  const { application, client, email, kind, subject, tenant } = session
  return {
    ...{ id: formatHandle(session), kind, tenant: tenant?.slug, user: email ?? subject, client, application },
    ...{ started: timeOf(session.startedAt), used: timeOf(session.usedAt), expires: timeOf(session.expiresAt) },
  }
}

function timeOf(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString()
}
