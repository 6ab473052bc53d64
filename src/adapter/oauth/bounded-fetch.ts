import type { CustomFetch, CustomFetchOptions } from 'openid-client'
import { AuthenticationError } from '../../core/error/authentication-error.js'
import { UpstreamError } from '../../core/error/upstream-error.js'
import { CircuitBreaker } from '../../core/runtime/circuit-breaker.js'

/** How long one request may take, body included. */
export const requestSeconds = 2.5
const mostBytes = 256 * 1024

export type Fetch = typeof globalThis.fetch

/** As much of it as is used. */
export type PlainFetch = (url: string, request: RequestInit) => Promise<Response>

/**
 * `fetch` for talking to a provider: one that is down, slow or answers 5xx gives `UpstreamError`, whatever `fetch` itself
 * makes of it, and a body of more than 256 KB gives `AuthenticationError`. One that stays silent is not asked by everybody.
 */
export function boundedFetch(fetch: PlainFetch): CustomFetch {
  const breaker = new CircuitBreaker()
  return async (url, options) => {
    const response = await breaker.run(() => ask(url, options))
    // It is there, however ill: what it says comes soon.
    if (response.status >= 500) throw unavailable(new TypeError(`status ${response.status}`))
    return response
  }

  async function ask(url: string, options: CustomFetchOptions): Promise<Response> {
    const controller = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(unavailable(new TypeError(`no answer within ${requestSeconds} s`)))
      }, requestSeconds * 1000)
    })
    try {
      const request = { ...options, body: options.body ?? null, signal: controller.signal }
      return await Promise.race([answerOf(Promise.resolve().then(() => fetch(url, request))), late])
    } finally {
      clearTimeout(timer)
      // Whatever has not been read by now is not wanted.
      controller.abort()
    }
  }
}

async function answerOf(answer: Promise<Response>): Promise<Response> {
  const response = await orUnavailable(answer)
  if (response.status >= 500) return response
  const body = await orUnavailable(readBody(response))
  const { status, headers } = response
  return new Response(body.length === 0 ? null : body, { status, headers })
}

async function readBody({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let received = 0
  for await (const chunk of body ?? []) {
    received += chunk.length
    if (received > mostBytes) throw new AuthenticationError('ERR_LOGIN_PROVIDER', 'the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function orUnavailable<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work
  } catch (error) {
    throw error instanceof AuthenticationError ? error : unavailable(error)
  }
}

function unavailable(cause: unknown): UpstreamError {
  return new UpstreamError('IDP_UNAVAILABLE', 'the identity provider does not answer', { cause })
}
