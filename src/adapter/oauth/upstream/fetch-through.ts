import type { CustomFetch } from 'openid-client'
import { FetchError, type Fetcher, type FetchFailure, type NetworkReach } from '../../../core/runtime/fetcher.js'
import type { PlainFetch } from '../bounded-fetch.js'
import { refusal } from '../provider-failure.js'

/** What somebody has to mend, other than an outage. */
const faults: ReadonlySet<FetchFailure> = new Set(['address', 'redirect', 'too-large', 'url'])

/** `fetch` by way of our `Fetcher`: no further than `reach`, and nowhere else than it was told. Throws `AuthenticationError`, `FetchError`. */
export function fetchThrough(fetcher: Fetcher, reach: NetworkReach): PlainFetch {
  return async (url, { body, headers, method }) => {
    const request = { url, reach, headers: Object.fromEntries(new Headers(headers)) }
    const form = method === 'POST' ? ({ method, body: textOf(body) } as const) : {}
    try {
      const answer = await fetcher.fetch({ ...request, ...form })
      const bytes = answer.body.length === 0 ? null : Buffer.from(answer.body)
      return new Response(bytes, { status: answer.status, headers: [...answer.headers] })
    } catch (error) {
      throw error instanceof FetchError && faults.has(error.failure) ? refusal(error.message) : error
    }
  }
}

/**
 * `fetch` that takes an answer for what it is. Providers answer with 200 whatever happens (GitHub), so one that holds an `error` becomes
 * the 400 that it should be (RFC 6749 §5.2); what is no JSON, or does not say so, is refused. Throws `AuthenticationError`.
 */
export function strictFetch(fetch: CustomFetch): CustomFetch {
  return async (url, options) => {
    const response = await fetch(url, options)
    if (response.status !== 200) return response
    const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'none'
    // Userinfo may be signed (OpenID Connect Core §5.3.2).
    if (type === 'application/jwt') return response
    if (!/^application\/(?:json|[\w.-]+\+json)$/.test(type)) throw refusal('the answer does not say that it is JSON')
    if (options.method !== 'POST') return response
    const text = await response.text()
    return new Response(text, { status: isError(text) ? 400 : 200, headers: { 'content-type': 'application/json' } })
  }
}

function isError(text: string): boolean {
  try {
    const { error } = Object(JSON.parse(text)) as { readonly error?: unknown }
    return error !== undefined && error !== null
  } catch {
    return false
  }
}

function textOf(body: RequestInit['body']): string {
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString()
  throw new TypeError('only a form can be sent to a provider')
}
