import type { ServerMetadata } from 'openid-client'
import { refusal } from './provider-failure.js'

/** What the metadata of a provider is held against. */
export interface MetadataRules {
  readonly issuer: string
  /** Where its endpoints may be, besides the issuer's own origin. */
  readonly origins: readonly string[]
  readonly pkce: 'advertised' | 'assumed'
}

const neededEndpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
const longestShown = 200

/** Throws `AuthenticationError` for the first of `metadataFaults`. */
export function requireSoundMetadata(metadata: ServerMetadata, rules: MetadataRules): void {
  const [fault] = metadataFaults(metadata, rules)
  if (fault !== undefined) throw refusal(fault)
}

/** What the library does not ask: a byte-equal issuer (RFC 8414 §3.3), endpoints where they may be, PKCE with S256 (OAuth 2.1 §4.1.1). */
export function metadataFaults(metadata: ServerMetadata, rules: MetadataRules): readonly string[] {
  const { userinfo_endpoint: userinfo, code_challenge_methods_supported: methods } = metadata
  const origins = [new URL(rules.issuer).origin, ...rules.origins]
  const names = userinfo === undefined ? neededEndpoints : [...neededEndpoints, 'userinfo_endpoint' as const]
  const astray = names.filter((name) => !isAmong(origins, metadata[name]))
  const offersPkce = rules.pkce === 'assumed' || (Array.isArray(methods) && methods.includes('S256'))
  return [
    ...issuerFaults(metadata.issuer, rules.issuer),
    ...astray.map((name) => `the ${name} is not an address of the issuer's origin: ${shown(metadata[name])}`),
    ...(offersPkce ? [] : ['the issuer does not offer PKCE with S256']),
  ]
}

function issuerFaults(named: unknown, issuer: string): readonly string[] {
  if (named === issuer) return []
  // What all directories of Entra ID share names none of them (Microsoft identity platform, OpenID Connect discovery).
  if (typeof named === 'string' && named.includes('{tenantid}')) {
    return ['the metadata is that of all directories together: the issuer has to be one of them, by its id']
  }
  return [`the metadata is of another issuer: ${shown(named)}`]
}

function isAmong(origins: readonly string[], endpoint: unknown): boolean {
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return false
  const url = new URL(endpoint)
  return origins.includes(url.origin) && url.username === '' && url.password === '' && url.hash === ''
}

/** What somebody else has written, for the operator. */
function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, longestShown)
}
