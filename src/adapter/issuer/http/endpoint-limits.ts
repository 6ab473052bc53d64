import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { RateLimit, RateLimitAnswer, RateLimiter } from '../../../core/runtime/rate-limiter.js'
import type { RelyingParty } from '../provider/relying-party.js'
import { callerOf } from './client-address.js'
import { splitTarget } from './issuer-edge.js'
import { endpoints } from './issuer-metadata.js'

/**
 * Far above what the programs of one address need, also where many users share a network: access tokens last ten minutes, so it
 * is enough for 12,000 clients that refresh.
 */
const most = { limit: 1200, seconds: 60 }
const limits: Readonly<Record<string, RateLimit>> = {
  [endpoints.token]: { name: 'token-caller', ...most },
  [endpoints.introspection]: { name: 'introspection-caller', ...most },
  [endpoints.revocation]: { name: 'revocation-caller', ...most },
}

/**
 * Counts a request to the token, introspection or revocation endpoint, each apart, by the address it comes from. This server's own
 * sign-in asks from one address for everybody, so it is not counted. Throws `UpstreamError`.
 */
export async function admitProgram(
  request: IncomingMessage,
  { limiter, relyingParty }: { readonly limiter: RateLimiter; readonly relyingParty: RelyingParty | undefined },
): Promise<RateLimitAnswer> {
  const { path } = splitTarget(request.url ?? '')
  const limit = Object.entries(limits).find(([endpoint]) => path.endsWith(endpoint))?.[1]
  if (limit === undefined || isFrom(relyingParty, request)) return { admitted: true }
  return limiter.take([{ limit, key: callerOf(request) }])
}

/** Whether it carries the secret of the relying party, in the one way that it uses (RFC 6749 §2.3.1). */
function isFrom(party: RelyingParty | undefined, request: IncomingMessage): boolean {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(request.headers.authorization ?? '') ?? []
  if (party === undefined || encoded === undefined) return false
  const [clientId, secret] = Buffer.from(encoded, 'base64').toString().split(':').map(decoded)
  return clientId === party.clientId && secret !== undefined && isSame(secret, party.clientSecret)
}

function decoded(text: string): string {
  return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? ''
}

function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
