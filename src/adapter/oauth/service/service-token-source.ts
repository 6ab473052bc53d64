import { clientCredentialsGrant, ClientSecretBasic, ClientSecretPost, type CustomFetch } from 'openid-client'
import { Secret } from '../../../core/credential/secret.js'
import {
  ServiceTokenError,
  type ServiceClient,
  type ServiceTokens,
  type ServiceTokenSource,
} from '../../../core/external-service/service-tokens.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Fetcher } from '../../../core/runtime/fetcher.js'
import { boundedFetch } from '../bounded-fetch.js'
import { openConfiguration } from '../open-configuration.js'
import { failureOf, reasonOf } from '../provider-failure.js'
import { fetchThrough, strictFetch } from '../upstream/fetch-through.js'

/** Token endpoints of services, asked through a `Fetcher`. */
export function createServiceTokenSource(fetcher: Fetcher): ServiceTokenSource {
  const ways = new TokenEndpoints(fetcher)
  return { clientCredentials: (client) => ask(ways.find(client), client) }
}

const mostEndpoints = 1_000
const tooManyRequests = 429

/** The way to each token endpoint, of each client by itself: one that is silent is not asked by everybody, and holds up nobody else. */
class TokenEndpoints {
  readonly #fetcher: Fetcher
  readonly #ways = new Map<string, CustomFetch>()

  constructor(fetcher: Fetcher) {
    this.#fetcher = fetcher
  }

  find({ clientId, endpoint, reach }: ServiceClient): CustomFetch {
    const key = JSON.stringify([endpoint.tokenEndpoint, clientId, reach])
    const way = this.#ways.get(key) ?? strictFetch(boundedFetch(fetchThrough(this.#fetcher, reach)))
    // What was used last goes last.
    this.#ways.delete(key)
    this.#ways.set(key, way)
    for (const oldest of this.#ways.keys()) {
      if (this.#ways.size <= mostEndpoints) break
      this.#ways.delete(oldest)
    }
    return way
  }
}

async function ask(fetch: CustomFetch, { clientId, clientSecret, endpoint }: ServiceClient): Promise<ServiceTokens> {
  const { scopes, secretIn, tokenEndpoint } = endpoint
  const secret = clientSecret.reveal()
  const metadata = { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint }
  const configuration = openConfiguration(metadata, {
    ...{ clientId, fetch },
    authentication: secretIn === 'header' ? ClientSecretBasic(secret) : ClientSecretPost(secret),
  })
  try {
    const parameters = scopes.length === 0 ? {} : { scope: scopes.join(' ') }
    const { access_token: token, expires_in: seconds } = await clientCredentialsGrant(configuration, parameters)
    return { accessToken: new Secret(token), seconds }
  } catch (error) {
    throw new ServiceTokenError(reasonOf(error), isOutage(error) ? 'time' : 'administrator')
  }
}

/** Everything else is a no, or no token endpoint: it says the same as often as it is asked. */
function isOutage(error: unknown): boolean {
  if (failureOf(error) instanceof UpstreamError) return true
  const { cause, error: word } = Object(error) as { readonly cause?: unknown; readonly error?: unknown }
  const isBusy = cause instanceof Response && cause.status === tooManyRequests
  return isBusy || word === 'temporarily_unavailable' || word === 'server_error'
}
