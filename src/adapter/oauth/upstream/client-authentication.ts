import { ClientSecretBasic, ClientSecretPost, None, type ClientAuth } from 'openid-client'
import type { UpstreamSettings } from '../../../core/federation/upstream-provider.js'
import { refusal } from '../provider-failure.js'

type Client = Pick<UpstreamSettings, 'clientSecret' | 'secretIn'>

/**
 * How the provider wants the client secret, by what it advertises (OpenID Connect Discovery §3: nothing said is `client_secret_basic`).
 * The body goes first: not every provider undoes the encoding that RFC 6749 §2.3.1 has for the header. Throws `AuthenticationError`.
 */
export function advertisedAuthentication({ clientSecret }: Client, methods: unknown): ClientAuth {
  if (clientSecret === undefined) return None()
  const named: readonly unknown[] = Array.isArray(methods) ? methods : ['client_secret_basic']
  if (named.includes('client_secret_post')) return ClientSecretPost(clientSecret)
  if (named.includes('client_secret_basic')) return ClientSecretBasic(clientSecret)
  throw refusal('the issuer takes a client secret neither in the body nor in the header')
}

/** The same for a provider that advertises nothing. */
export function configuredAuthentication({ clientSecret, secretIn }: Client): ClientAuth {
  if (clientSecret === undefined) return None()
  return secretIn === 'header' ? ClientSecretBasic(clientSecret) : ClientSecretPost(clientSecret)
}
