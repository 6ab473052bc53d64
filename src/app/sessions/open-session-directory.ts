import { EndedGrants } from '../../adapter/issuer/logout/ended-grants.js'
import { IssuerSessions } from '../../adapter/issuer/record/issuer-sessions.js'
import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { BackgroundNotifier } from '../../core/identity/background-notifier.js'
import { SessionDirectory, type SessionDirectoryPorts } from '../../core/identity/session-directory.js'
import type { ClientNotifier } from '../../core/identity/session-source.js'
import type { BackgroundWork } from '../../core/runtime/background-work.js'
import { systemClock } from '../../core/runtime/clock.js'
import type { NetworkReach } from '../../core/runtime/fetcher.js'
import type { Log } from '../../core/runtime/log.js'
import type { Data } from '../open-data.js'

/** Whatever lets anybody in to this installation, whichever server let them in. */
export function openSessionDirectory(
  { keyring, postgres }: Pick<Data, 'keyring' | 'postgres'>,
  issuer: string,
  { by, clients }: Pick<SessionDirectoryPorts, 'by' | 'clients'> = {},
): SessionDirectory {
  const { accounts, audit, directory, issuerStorage, notices } = postgres
  const { records, signIns, transports } = directory
  return new SessionDirectory({
    ...{ signIns, transports, accounts, audit, keyring, feed: notices, ownIssuer: issuer, clients, by },
    grants: new IssuerSessions({ storage: issuerStorage, owned: records, keyring }),
  })
}

/** Who tells clients, and how far that may go. */
export interface NotifierOptions {
  readonly issuer: string
  readonly log: Log
  readonly reach: NetworkReach
}

/** The same, where something else goes on meanwhile. */
export interface ServedNotifierOptions extends NotifierOptions {
  readonly background: BackgroundWork
}

/** The same in a server, where nobody waits until clients have heard of it. */
export function openServedSessions(
  data: Pick<Data, 'keyring' | 'postgres'>,
  { background, ...options }: ServedNotifierOptions,
): SessionDirectory {
  const clients = new BackgroundNotifier(openClientNotifier(data, options), background)
  return openSessionDirectory(data, options.issuer, { clients })
}

/** Tells clients of what has ended, from this process: also where no server runs. */
export function openClientNotifier(
  { keyring, postgres }: Pick<Data, 'keyring' | 'postgres'>,
  { issuer, log, reach }: NotifierOptions,
): ClientNotifier {
  return new EndedGrants({
    ...{ issuer, keyring, log, clock: systemClock, outgoing: { fetcher: createFetcher(), reach } },
    ...{
      storage: postgres.issuerStorage,
      owned: postgres.directory.records,
      keys: postgres.signingKeys,
      limiter: postgres.rateLimiter,
    },
  })
}
