import type { ShownSession } from '../../app/sessions/shown-session.js'

export const header = ['ID', 'KIND', 'TENANT', 'USER', 'CLIENT', 'APPLICATION', 'STARTED', 'USED', 'EXPIRES']

/** One session in the order of the header; what is not known is a dash. */
export function row(session: ShownSession): readonly string[] {
  const { application, client, expires, id, kind, started, tenant, used, user } = session
  return [id, kind, tenant, user, client, application, started, used, expires].map((cell) => cell ?? '-')
}
