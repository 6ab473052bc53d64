import {
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  genericGrantRequest,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
  type Configuration,
} from 'openid-client'
import type { UpstreamSettings } from '../../../core/federation/upstream-provider.js'
import { FetchError, type Fetcher } from '../../../core/runtime/fetcher.js'
import { randomText } from '../../../core/sign-in/login-transaction.js'
import { reasonOf } from '../provider-failure.js'
import type { UpstreamProtocol } from './upstream-protocol.js'

/** A provider that is looked at. */
export interface CheckedUpstream {
  readonly settings: UpstreamSettings
  readonly redirectUri: string
  readonly protocol: UpstreamProtocol
  readonly fetcher: Fetcher
}

// RFC 6749 §5.2, and what GitHub says in its place.
const clientErrors: ReadonlySet<string> = new Set([
  'invalid_client',
  'unauthorized_client',
  'incorrect_client_credentials',
])

/** What stands in the way of signing in there, as far as it shows without a user: one sentence each. */
export async function upstreamFaults(upstream: CheckedUpstream): Promise<readonly string[]> {
  const faults = await upstream.protocol.faults()
  if (faults.length > 0) return faults
  try {
    const provider = await upstream.protocol.open()
    const found = await Promise.all([authorizationFault(upstream, provider), tokenFault(upstream, provider)])
    return found.filter((fault) => fault !== undefined)
  } catch (error) {
    return [`it cannot be used: ${reasonOf(error)}`]
  }
}

/** A provider that does not know the redirect URI must not send a browser there (RFC 6749 §4.1.2.1): it shows an error instead. */
async function authorizationFault(upstream: CheckedUpstream, provider: Configuration): Promise<string | undefined> {
  const { fetcher, redirectUri, settings } = upstream
  const url = await silentRequest(upstream, provider)
  try {
    const { status } = await fetcher.fetch({
      url: url.href,
      reach: settings.reach,
      headers: { 'user-agent': 'AuthSec' },
    })
    if (status < 400) return undefined
    if (status === 404 || status >= 500) return `its authorization endpoint answers with status ${status}`
    return `it refuses our request with status ${status}: ${registration(settings, redirectUri)}`
  } catch (error) {
    // It sends the browser on: to its own page, or back to us.
    if (error instanceof FetchError && error.failure === 'redirect') return undefined
    return `its authorization endpoint cannot be asked: ${reasonOf(error)}`
  }
}

/** As for a sign-in, but without a page. */
async function silentRequest({ protocol, redirectUri }: CheckedUpstream, provider: Configuration): Promise<URL> {
  const secrets = { state: randomText(), nonce: randomText(), codeVerifier: randomText() }
  return buildAuthorizationUrl(provider, {
    ...protocol.request({ secrets, otherAccount: false }),
    ...{ redirect_uri: redirectUri, state: secrets.state, prompt: 'none' },
    code_challenge: await calculatePKCECodeChallenge(secrets.codeVerifier),
    code_challenge_method: 'S256',
  })
}

/** Asked with a code that nobody gave: whoever refuses that, and not the client, knows the client. */
async function tokenFault(upstream: CheckedUpstream, provider: Configuration): Promise<string | undefined> {
  const { redirectUri, settings } = upstream
  const parameters = { code: randomText(), redirect_uri: redirectUri, code_verifier: randomText() }
  try {
    await genericGrantRequest(provider, 'authorization_code', parameters)
    return 'its token endpoint takes a code that it never gave'
  } catch (error) {
    if (error instanceof WWWAuthenticateChallengeError || hasError(error, clientErrors)) {
      return `it does not accept the client ${settings.clientId} with this client secret`
    }
    if (hasError(error, new Set(['redirect_uri_mismatch']))) return registration(settings, redirectUri)
    if (error instanceof ResponseBodyError) return undefined
    return `its token endpoint cannot be asked: ${reasonOf(error)}`
  }
}

function hasError(error: unknown, among: ReadonlySet<string>): boolean {
  return error instanceof ResponseBodyError && among.has(error.error)
}

function registration({ clientId }: UpstreamSettings, redirectUri: string): string {
  return `register the redirect URI ${redirectUri} there for the client ${clientId}, exactly as it is written here`
}
