import type { NetworkReach } from '../runtime/fetcher.js'
import { addressFault } from '../trust/issuer-url.js'

/** Scheme and authority, then a path of segments that mean the same to everybody: neither empty, nor encoded, nor with parameters. */
const plainUrl = /^https?:\/\/[^/?#\\@\s]+((?:\/[\w.~!$&'()*+,=:@-]+)*)\/?$/i

/** Why a service cannot be there, as the end of a sentence; `undefined` for an address that it can have. */
export function serviceUrlFault(text: string, reach: NetworkReach): string | undefined {
  const fault = serviceEndpointFault(text, reach)
  if (fault !== undefined) return fault
  if (text.includes('?')) return 'has a query'
  if (text.includes('#')) return 'has a fragment'
  const [, path] = plainUrl.exec(text) ?? []
  if (path !== undefined && !path.split('/').some((segment) => segment === '.' || segment === '..')) return undefined
  return 'has an empty, a dot or an encoded segment in its path: write the path plainly, as https://api.example.com/v1'
}

/** Why an address cannot be asked for tokens, as the end of a sentence. */
export function serviceEndpointFault(text: string, reach: NetworkReach): string | undefined {
  const fault = addressFault(text, 'private')
  if (fault !== undefined) return fault
  return reach === 'private' || new URL(text).protocol === 'https:'
    ? undefined
    : "uses http: that is for a service on this computer, with network: 'private' (--private-network)"
}

/** Origin and base path in their one form, without a slash at the end. */
export function normalServiceUrl(text: string): string {
  const { origin, pathname } = new URL(text)
  return origin + pathname.replace(/\/$/, '')
}
