import { clientCredentialsGrant, ClientSecretBasic, ClientSecretPost } from 'openid-client'
import { Secret } from '../../../core/credential/secret.js'
import {
  ServiceTokenError,
  type ServiceClient,
  type ServiceTokens,
  type ServiceTokenSource,
} from '../../../core/external-service/service-tokens.js'
import type { Fetcher } from '../../../core/runtime/fetcher.js'
import { boundedFetch } from '../bounded-fetch.js'
import { openConfiguration } from '../open-configuration.js'
import { reasonOf } from '../provider-failure.js'
import { fetchThrough, strictFetch } from '../upstream/fetch-through.js'

/** Token endpoints of services, asked through a `Fetcher`. */
export function createServiceTokenSource(fetcher: Fetcher): ServiceTokenSource {
  return { clientCredentials: (client) => ask(fetcher, client) }
}

async function ask(
  fetcher: Fetcher,
  { clientId, clientSecret, endpoint, reach }: ServiceClient,
): Promise<ServiceTokens> {
  const { scopes, secretIn, tokenEndpoint } = endpoint
  const secret = clientSecret.reveal()
  const metadata = { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint }
  const configuration = openConfiguration(metadata, {
    ...{ clientId, fetch: strictFetch(boundedFetch(fetchThrough(fetcher, reach))) },
    authentication: secretIn === 'header' ? ClientSecretBasic(secret) : ClientSecretPost(secret),
  })
  try {
    const parameters = scopes.length === 0 ? {} : { scope: scopes.join(' ') }
    const { access_token: token, expires_in: seconds } = await clientCredentialsGrant(configuration, parameters)
    return { accessToken: new Secret(token), seconds }
  } catch (error) {
    throw new ServiceTokenError(reasonOf(error))
  }
}
