import type { CustomFetch } from 'openid-client'
import { refusal } from '../provider-failure.js'

/** An answer to somebody with an access token. */
export interface TokenedAnswer {
  readonly status: number
  /** What it says, for status 200; anything that JSON can be. */
  readonly body: unknown
}

/** Asks a provider's own interface. Throws `AuthenticationError` for 200 without JSON, `UpstreamError` where nobody answers. */
export async function askAs(fetch: CustomFetch, url: string, accessToken: string): Promise<TokenedAnswer> {
  // GitHub serves nobody who does not say what they are.
  const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json', 'user-agent': 'AuthSec' }
  const response = await fetch(url, { method: 'GET', headers, body: null, redirect: 'manual' })
  const { status } = response
  if (status !== 200) return { status, body: undefined }
  try {
    return { status, body: JSON.parse(await response.text()) }
  } catch {
    throw refusal('the answer of the provider is not JSON')
  }
}
