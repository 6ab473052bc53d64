import type { Secret } from '../credential/secret.js'
import type { NetworkReach } from '../runtime/fetcher.js'
import type { ServiceTokenEndpoint } from './external-service.js'

/** Who asks for tokens, and where. */
export interface ServiceClient {
  readonly endpoint: ServiceTokenEndpoint
  readonly clientId: string
  readonly clientSecret: Secret
  readonly reach: NetworkReach
}

/** What a token endpoint gave (RFC 6749 §5.1). */
export interface ServiceTokens {
  readonly accessToken: Secret
  /** How long it is good, in seconds from now on; `undefined` where the service does not say. */
  readonly seconds: number | undefined
}

/** The token endpoints of services. */
export interface ServiceTokenSource {
  /** Throws `ServiceTokenError` where the service says no or nothing that holds. */
  clientCredentials(client: ServiceClient): Promise<ServiceTokens>
}

/** A token endpoint gave no token. The message is ours, and quotes nothing of the answer. */
export class ServiceTokenError extends Error {
  override readonly name = 'ServiceTokenError'
  /** What it takes until there can be one. */
  readonly mend: 'administrator' | 'time'

  constructor(message: string, mend: 'administrator' | 'time' = 'time') {
    super(message)
    this.mend = mend
  }
}
