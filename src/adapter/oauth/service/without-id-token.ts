import type { CustomFetch } from 'openid-client'

/** `fetch` without ID tokens in its answers: who the user is at the service decides nothing here, and nobody could check them. */
export function withoutIdToken(fetch: CustomFetch): CustomFetch {
  return async (url, options) => {
    const response = await fetch(url, options)
    if (response.status !== 200 || options.method !== 'POST') return response
    const text = await response.text()
    return new Response(cut(text), { status: 200, headers: { 'content-type': 'application/json' } })
  }
}

function cut(text: string): string {
  try {
    const { id_token: _unused, ...rest } = Object(JSON.parse(text)) as { readonly id_token?: unknown }
    return JSON.stringify(rest)
  } catch {
    return text
  }
}
