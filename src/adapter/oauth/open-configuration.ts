import {
  allowInsecureRequests,
  clockTolerance,
  Configuration,
  customFetch,
  enableNonRepudiationChecks,
  type ClientAuth,
  type CustomFetch,
  type ServerMetadata,
} from 'openid-client'
import { requestSeconds } from './bounded-fetch.js'
import { isLoopbackHttp } from './provider-url.js'

const toleranceSeconds = 60

/** Who asks a provider, and by which way. */
export interface ClientParts {
  readonly clientId: string
  readonly authentication: ClientAuth
  readonly fetch: CustomFetch
}

/** A provider as the library takes it, with signatures checked. Keys are asked for once by each of these, and kept for a while. */
export function openConfiguration(metadata: ServerMetadata, parts: ClientParts): Configuration {
  const client = { [clockTolerance]: toleranceSeconds }
  const configuration = new Configuration(metadata, parts.clientId, client, parts.authentication)
  configuration[customFetch] = parts.fetch
  configuration.timeout = requestSeconds
  // Without these the library takes an ID token from the token endpoint at its word, whoever signed it.
  enableNonRepudiationChecks(configuration)
  if (isLoopbackHttp(new URL(metadata.issuer))) allowInsecureRequests(configuration)
  return configuration
}
