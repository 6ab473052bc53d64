import type { AccountSecurity } from '../adapter/issuer/account/account-security.js'
import type { Data } from './open-data.js'
import { openServedSessions, type ServedNotifierOptions } from './sessions/open-session-directory.js'

/** What is kept of how accounts prove themselves. */
export function accountSecurity(data: Data, notifier: ServedNotifierOptions): AccountSecurity {
  const { accountFactors: factors, accountLinks: links } = data.postgres
  return { factors, links, sessions: openServedSessions(data, notifier) }
}
