import type { NetworkReach } from '../runtime/fetcher.js'

const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Why an address cannot be asked for what an issuer says, as the end of a sentence; `undefined` for one that can. */
export function addressFault(text: string, reach: NetworkReach): string | undefined {
  const url = URL.parse(text)
  if (url === null) return 'is not an absolute URL'
  if (url.username !== '' || url.password !== '') return 'has a user or a password in it'
  if (url.hash !== '') return 'has a fragment'
  if (url.protocol === 'https:') return undefined
  if (url.protocol !== 'http:' || !loopbackHosts.has(url.hostname)) return 'does not use https'
  return reach === 'private'
    ? undefined
    : "uses http: that is for an issuer on this computer, with network: 'private' (--private-network)"
}

/** Why a text cannot name an issuer (RFC 8414 §2), as the end of a sentence; `undefined` for one that can. */
export function issuerFault(text: string, reach: NetworkReach): string | undefined {
  const fault = addressFault(text, reach)
  if (fault !== undefined) return fault
  const url = new URL(text)
  if (url.search !== '' || text.includes('?')) return 'has a query'
  if (text === url.href || text === url.origin) return undefined
  const normal = url.pathname === '/' && !text.endsWith('/') ? url.origin : url.href
  return `is not in its normal form, ${normal}: lower-case scheme and host, no default port, no dot segments`
}

/** Why a text is no origin, as the end of a sentence; `undefined` for one. */
export function originFault(text: string, reach: NetworkReach): string | undefined {
  return (
    addressFault(text, reach) ??
    (new URL(text).origin === text ? undefined : 'is not an origin such as https://login.example.com')
  )
}

/** Where the metadata of an issuer is: as OpenID Connect Discovery 1.0 §4 says, and as RFC 8414 §3.1 does. */
export function metadataUrlsOf(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}
