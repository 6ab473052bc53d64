import type { IncomingMessage } from 'node:http'
import { baseScope } from '../provider/access-token-claims.js'
import { makeResourceCanonical } from './canonical-resource.js'
import { endpoints } from './issuer-metadata.js'
import { connectPath } from '../connect/connect-path.js'
import { consentsPath } from '../consent/consents-page.js'
import { ownFactorsPath } from '../page/account/own-factors-page.js'
import { iconPath } from '../page/icon.js'
import { stylesheetPath } from '../page/render-page.js'
import { isRelyingParty, type RelyingParty } from '../provider/relying-party.js'
import { hostNaming, leadsBackHere, type PublicUrl } from './public-url.js'

/** What a request is for: `foreign` belongs to somebody else, `unknown` is ours and leads nowhere. */
export type Route =
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'icon' | 'metadata' | 'stylesheet'; readonly methods: readonly string[] }
  | { readonly kind: 'connect' | 'consents' | 'factors'; readonly methods: readonly string[] }
  | { readonly kind: 'interaction'; readonly methods: readonly string[]; readonly uid: string }
  | { readonly kind: 'federation'; readonly methods: readonly string[]; readonly provider: string }
  | { readonly kind: 'authorization' | 'logout' | 'resume'; readonly methods: readonly string[] }
  | { readonly kind: 'registration' | 'token' | 'jwks'; readonly methods: readonly string[] }

const reading = ['GET', 'HEAD'] as const
const interactionPattern = /^\/authsec\/signin\/([A-Za-z0-9_-]{20,64})$/
const resumePattern = /^\/[A-Za-z0-9_-]{20,64}$/
const tokenEndpoints: ReadonlySet<string> = new Set([endpoints.introspection, endpoints.revocation, endpoints.token])
const federationPattern = /^\/authsec\/federation\/callback\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const metadataPaths = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'] as const

/**
 * The route of a request, by its exact path. The provider's own router folds case and slashes, so a limit or a rule on
 * a path would be passed by with another spelling: only the canonical one gets that far.
 */
export function routeOf(url: PublicUrl, path: string): Route {
  if (path === stylesheetPath) return { kind: 'stylesheet', methods: reading }
  if (path === iconPath) return { kind: 'icon', methods: reading }
  if (path === consentsPath) return { kind: 'consents', methods: ['GET', 'POST'] }
  if (path === ownFactorsPath) return { kind: 'factors', methods: ['GET', 'POST'] }
  if (path.startsWith(`${connectPath}/`)) return { kind: 'connect', methods: ['GET', 'POST'] }
  if (path.startsWith('/authsec/signin/')) return interactionRoute(path)
  if (path.startsWith('/authsec/federation/')) return federationRoute(path)
  if (metadataPaths.some((known) => path === `${known}${url.prefix}`)) return { kind: 'metadata', methods: reading }
  if (path !== url.prefix && !path.startsWith(`${url.prefix}/`)) return { kind: 'foreign' }
  return endpointRoute(path.slice(url.prefix.length))
}

/** Where the path of a request target ends and its query begins. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?')
  return mark === -1 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

function interactionRoute(path: string): Route {
  const [, uid] = interactionPattern.exec(path) ?? []
  return uid === undefined ? { kind: 'unknown' } : { kind: 'interaction', methods: ['GET', 'POST'], uid }
}

function federationRoute(path: string): Route {
  const [, provider] = federationPattern.exec(path) ?? []
  return provider === undefined ? { kind: 'unknown' } : { kind: 'federation', methods: ['GET'], provider }
}

/** Where an identity provider (UUID) sends browsers back to: its own address, which tells its answers from another's (RFC 9700 §4.4.2). */
export function federationCallbackPath(provider: string): string {
  return `/authsec/federation/callback/${provider}`
}

function endpointRoute(path: string): Route {
  if (path === endpoints.authorization) return { kind: 'authorization', methods: ['GET'] }
  if (tokenEndpoints.has(path)) return { kind: 'token', methods: ['POST'] }
  if (path === endpoints.end_session) return { kind: 'logout', methods: ['GET', 'POST'] }
  if (path === endpoints.registration) return { kind: 'registration', methods: ['POST'] }
  if (path === endpoints.jwks) return { kind: 'jwks', methods: reading }
  if (path === '/.well-known/openid-configuration') return { kind: 'metadata', methods: reading }
  const isResume = path.startsWith(`${endpoints.authorization}/`)
  if (isResume && resumePattern.test(path.slice(endpoints.authorization.length)))
    return { kind: 'resume', methods: ['GET'] }
  return { kind: 'unknown' }
}

/** The public URL of an authorization request that came in by another loopback name, or `undefined`: cookies would not cross over. */
export function otherLoopbackTarget(url: PublicUrl, request: IncomingMessage): string | undefined {
  return hostNaming(url, request.headers.host) === 'loopback' ? `${url.origin}${request.url ?? ''}` : undefined
}

/**
 * Makes the provider see the public URL, whatever the request's own headers say: it builds the links and cookies of a
 * sign-in from Host and X-Forwarded-*.
 */
export function pinHeaders(url: PublicUrl, request: IncomingMessage): void {
  for (const name of Object.keys(request.headers)) {
    if (name === 'forwarded' || name.startsWith('x-forwarded-')) delete request.headers[name]
  }
  request.headers.host = url.host
  request.headers['x-forwarded-proto'] = url.secure ? 'https' : 'http'
}

/** Takes the issuer's path off the request target and puts `query` on it, in the way the provider expects of its host. */
export function mountRequest(url: PublicUrl, request: IncomingMessage, query: string): void {
  const { path } = splitTarget(request.url ?? '')
  const target = query === '' ? path : `${path}?${query}`
  Object.assign(request, { originalUrl: target, url: target.slice(url.prefix.length) })
}

export type AuthorizationQuery =
  { readonly valid: true; readonly query: string } | { readonly valid: false; readonly problem: string }

const mostQueryCharacters = 4096

/**
 * The query of an authorization request with the base scope in it. Refused: more than 4 KB, a parameter that comes twice
 * (RFC 6749 §3.1), `id_token_hint`, every way of answering but a redirect with a query, and a redirect to ourselves for
 * anybody but the relying party, which may ask for nothing else.
 */
export function authorizationQuery(
  url: PublicUrl,
  query: string,
  relyingParty: RelyingParty | undefined,
): AuthorizationQuery {
  if (query.length > mostQueryCharacters) return { valid: false, problem: 'The request is too long.' }
  const parameters = new URLSearchParams(query)
  const names = [...parameters.keys()]
  if (new Set(names).size !== names.length) return { valid: false, problem: 'A parameter comes twice.' }
  if (parameters.has('id_token_hint')) return { valid: false, problem: 'The parameter id_token_hint is not supported.' }
  if ((parameters.get('response_mode') ?? 'query') !== 'query') {
    return { valid: false, problem: 'The only supported response_mode is query.' }
  }
  const problem = redirectProblem(url, parameters, relyingParty)
  if (problem !== undefined) return { valid: false, problem }
  const scopes = (parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  if (!scopes.includes(baseScope)) scopes.unshift(baseScope)
  parameters.set('scope', scopes.join(' '))
  makeResourceCanonical(parameters)
  return { valid: true, query: parameters.toString() }
}

/** Where an answer may not go. The library would take any port of this computer for a loopback redirect URI of ours. */
function redirectProblem(
  url: PublicUrl,
  parameters: URLSearchParams,
  relyingParty: RelyingParty | undefined,
): string | undefined {
  const clientId = parameters.get('client_id')
  const redirectUri = parameters.get('redirect_uri') ?? ''
  if (relyingParty === undefined || clientId !== relyingParty.clientId) {
    return leadsBackHere(url, redirectUri) ? 'The redirect_uri leads back to this server.' : undefined
  }
  if (!isRelyingParty(relyingParty, { clientId, redirectUri })) return 'The redirect_uri is not the one of this client.'
  const prompt = parameters.get('prompt')
  return prompt === null || prompt === 'login' ? undefined : 'The only prompt of this client is login.'
}
