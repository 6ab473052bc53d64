import type Provider from 'oidc-provider'
import type { Session } from 'oidc-provider'
import { grantsOf } from '../provider/session-grants.js'
import type { SealedRecords } from '../record/sealed-records.js'

export interface BrowserParts {
  readonly provider: Provider
  readonly records: SealedRecords
}

/**
 * Ends the session of a browser and all that was granted in it, what a request under way has added or moved meanwhile included;
 * answers with what it had in the end. Grants first: a session that still stands when one of them could not be ended can be signed
 * out of again. Throws `UpstreamError`.
 */
export async function endBrowser({ provider, records }: BrowserParts, session: Session): Promise<Authorizations> {
  let had: Authorizations = {}
  for (let standing: Session | undefined = session; standing !== undefined;) {
    const known = grantsOf(standing)
    for (const grantId of known) await records.revokeGrant(grantId)
    const taken = await records.take('Session', standing.jti)
    const added = taken === undefined ? [] : grantsOf(taken).filter((grantId) => !known.includes(grantId))
    for (const grantId of added) await records.revokeGrant(grantId)
    had = { ...had, ...standing.authorizations, ...Object(taken?.['authorizations']) }
    // By what stays of it when its key changes.
    standing = await provider.Session.findByUid(session.uid)
  }
  return had
}

/** What clients have in a session, by their ids. */
export type Authorizations = NonNullable<Session['authorizations']>
