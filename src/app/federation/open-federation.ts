import { setTimeout as pause } from 'node:timers/promises'
import type { FederationParts } from '../../adapter/issuer/federation/open-federation.js'
import { endSignIns } from '../../core/federation/token/end-sign-ins.js'
import { UpstreamTokenKeeper } from '../../core/federation/token/upstream-token-keeper.js'
import type { BackgroundWork } from '../../core/runtime/background-work.js'
import type { NetworkReach } from '../../core/runtime/fetcher.js'
import type { Log } from '../../core/runtime/log.js'
import { issuerOf } from '../issuer-of.js'
import type { Foundations } from '../server-options.js'
import { openServedSessions } from '../sessions/open-session-directory.js'
import { issuerReach, type Trust } from './issuer-reach.js'
import { openProviders } from './open-providers.js'

export interface FederationNeeds {
  /** The application (client id) that users sign in to. */
  readonly application: string
  /** Those that environment and code trust. */
  readonly issuers: readonly Trust[]
  readonly log: Log
  /** Closed once the tokens that are being renewed are kept. */
  readonly background: BackgroundWork
  /** How far requests to clients may go. */
  readonly reach: NetworkReach
}

/** What signing in with identity providers needs; on `stack`, that tokens which are being renewed are kept before the databases close. */
export function openFederation(
  { data, publicUrl, stack, tracer }: Pick<Foundations, 'data' | 'publicUrl' | 'stack' | 'tracer'>,
  { application, background, issuers, log, reach }: FederationNeeds,
): FederationParts {
  const { accounts, passwords, providers: store, tokens, transactions } = data.postgres.federation
  const providers = openProviders({
    ...{ store, application, publicUrl, log, tracer },
    isTrusted: issuerReach(data.postgres, issuers),
  })
  const ownIssuer = issuerOf(publicUrl)
  const ending = {
    sessions: openServedSessions(data, { issuer: ownIssuer, log, reach, background }),
    audit: data.postgres.audit,
    ownIssuer,
  }
  const keeper = new UpstreamTokenKeeper({
    ...{ store: tokens, providers, log },
    end: (place, reason) => endSignIns(ending, place, reason),
    // It keeps no process alive that has nothing else to do.
    pause: (milliseconds) => pause(milliseconds, undefined, { ref: false }),
  })
  stack.add(() => keeper.close())
  return { accounts, passwords, providers, tokens, keeper, store: transactions }
}
