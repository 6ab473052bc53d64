import { IssuerSessions } from '../../adapter/issuer/record/issuer-sessions.js'
import { SessionDirectory } from '../../core/identity/session-directory.js'
import type { Data } from '../open-data.js'

/** Whatever lets anybody in to this installation, whichever server let them in. */
export function openSessionDirectory(
  { keyring, postgres }: Pick<Data, 'keyring' | 'postgres'>,
  issuer: string,
): SessionDirectory {
  const { accounts, audit, directory, issuerStorage, notices } = postgres
  const { records, signIns, transports } = directory
  return new SessionDirectory({
    ...{ signIns, transports, accounts, audit, keyring, feed: notices, ownIssuer: issuer },
    grants: new IssuerSessions({ storage: issuerStorage, owned: records, keyring }),
  })
}
