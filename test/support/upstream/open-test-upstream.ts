import { createFetcher } from '../../../src/adapter/net/create-fetcher.js'
import {
  createUpstreamOpener,
  type UpstreamOpenerOptions,
} from '../../../src/adapter/oauth/upstream/create-upstream-opener.js'
import type {
  UpstreamIdentity,
  UpstreamProvider,
  UpstreamSettings,
} from '../../../src/core/federation/upstream-provider.js'
import { systemClock } from '../../../src/core/runtime/clock.js'
import type { AuthorizationSecrets } from '../../../src/core/sign-in/login-transaction.js'
import { newSecrets } from '../relying-party.js'

/** Where the providers of tests send browsers back to. */
export const upstreamCallback = 'https://mcp.example/authsec/federation/callback'

export interface TestUpstreamChanges extends Partial<UpstreamOpenerOptions> {
  readonly redirectUri?: string
}

/** Our side of a provider, by the real way to the network. */
export function openTestUpstream(
  settings: UpstreamSettings,
  { redirectUri = upstreamCallback, ...changes }: TestUpstreamChanges = {},
): UpstreamProvider {
  const options = { fetcher: createFetcher(), clock: systemClock, log: { write: () => undefined } }
  return createUpstreamOpener({ ...options, ...changes })(settings, redirectUri)
}

/** A provider that plays the browser's part of a sign-in. */
export interface SignInServer {
  signIn(url: URL): Promise<URL>
}

/** A browser that comes back. */
export interface Returned {
  readonly secrets: AuthorizationSecrets
  readonly callback: URLSearchParams
}

/** There and back. */
export async function goAndReturn(upstream: UpstreamProvider, server: SignInServer): Promise<Returned> {
  const secrets = newSecrets()
  const { searchParams } = await server.signIn(await upstream.authorizationUrl({ secrets, otherAccount: false }))
  return { secrets, callback: searchParams }
}

/** A whole sign-in. */
export async function signInAt(upstream: UpstreamProvider, server: SignInServer): Promise<UpstreamIdentity> {
  const { callback, secrets } = await goAndReturn(upstream, server)
  return upstream.exchange(callback, secrets)
}

/** `accepted`, or the code of what is thrown. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'accepted',
    (error: unknown) => String(Object(error).code),
  )
}
