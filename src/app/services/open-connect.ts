import { setTimeout as pause } from 'node:timers/promises'
import { formatConnectLink } from '../../adapter/issuer/connect/connect-path.js'
import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { createServiceAuthorization } from '../../adapter/oauth/service/service-authorization.js'
import type { CredentialStore } from '../../core/credential/credential-store.js'
import { ConnectFlow } from '../../core/external-service/connect/connect-flow.js'
import { ConnectInviter } from '../../core/external-service/connect/connect-inviter.js'
import { ConnectWaiting } from '../../core/external-service/connect/connect-waiting.js'
import { TokenRevoker } from '../../core/external-service/connect/given-up-tokens.js'
import { UserTokenReader } from '../../core/external-service/connect/user-token-reader.js'
import type { CredentialReader } from '../../core/external-service/reader/credential-reader.js'
import { issuerOf } from '../issuer-of.js'
import { serviceRedirectUriOf } from './service-redirect-uri.js'
import type { Foundations, ServerOptions } from '../server-options.js'

export interface ConnectNeeds extends Pick<ServerOptions, 'log' | 'settings'> {
  readonly store: CredentialStore
  /** Reads what is in there. */
  readonly stored: CredentialReader
}

/** Services where each user signs in: the links to there, the way there and back, and the tokens afterwards. */
export interface Connect {
  readonly connect: ConnectFlow
  readonly inviter: ConnectInviter
  readonly users: UserTokenReader
}

/** Composes the sign-in of users at services. */
export function openConnect(
  { data, publicUrl, tracer }: Pick<Foundations, 'data' | 'publicUrl' | 'tracer'>,
  { log, settings, store, stored }: ConnectNeeds,
): Connect {
  const { keyring, postgres } = data
  const { audit, services } = postgres
  const { connections, links } = postgres.connect
  const authorization = createServiceAuthorization(createFetcher({ tracer }))
  const waiting = new ConnectWaiting()
  const revoker = new TokenRevoker({ authorization, log })
  return {
    connect: new ConnectFlow({
      ...{ services, links, connections, credentials: store, secrets: stored, authorization, revoker, keyring },
      ...{ waiting, audit, log },
      redirectUriOf: (service) => serviceRedirectUriOf(publicUrl, service),
    }),
    inviter: new ConnectInviter({
      ...{ links, keyring, waiting, ownIssuer: settings.ownIssuer === 'absent' ? undefined : issuerOf(publicUrl) },
      addressOf: (secret) => publicUrl + formatConnectLink(secret),
    }),
    users: new UserTokenReader({
      ...{ stored, store, connections, authorization, revoker, log },
      pause: (milliseconds) => pause(milliseconds),
    }),
  }
}
