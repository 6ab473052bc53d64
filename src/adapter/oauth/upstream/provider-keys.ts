import type { Configuration, CustomFetch } from 'openid-client'
import { reasonOf, refusal } from '../provider-failure.js'

/** An answer that cannot be checked would be lost, and the new refresh token with it. Throws `AuthenticationError`, `UpstreamError`. */
export async function requireKeys(provider: Configuration, fetch: CustomFetch): Promise<void> {
  await keysOf(provider, fetch)
}

/** What is wrong with its keys; a sentence each. */
export async function keyFaults(provider: Configuration, fetch: CustomFetch): Promise<readonly string[]> {
  try {
    const keys = await keysOf(provider, fetch)
    return keys.some(canSign) ? [] : ['none of its keys is one that signs']
  } catch (error) {
    return [`its keys cannot be had: ${reasonOf(error)}`]
  }
}

async function keysOf(provider: Configuration, fetch: CustomFetch): Promise<readonly unknown[]> {
  const { jwks_uri: url = '' } = provider.serverMetadata()
  const headers = { accept: 'application/json, application/jwk-set+json' }
  const response = await fetch(url, { method: 'GET', headers, body: null, redirect: 'manual' })
  if (response.status !== 200) throw refusal(`the keys of the issuer cannot be had: status ${response.status}`)
  const { keys } = Object(await response.json()) as { readonly keys?: unknown }
  if (!Array.isArray(keys)) throw refusal('the keys of the issuer are no key set')
  return keys
}

/** Never a secret one: whoever reads that signs as the provider. */
function canSign(key: unknown): boolean {
  const { kty, use = 'sig' } = Object(key) as { readonly kty?: unknown; readonly use?: unknown }
  return ['RSA', 'EC', 'OKP'].includes(String(kty)) && use === 'sig'
}
