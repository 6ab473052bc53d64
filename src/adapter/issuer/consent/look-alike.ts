import { domainToUnicode } from 'node:url'
import { clientIn, type KnownClient } from './known-clients.js'
import { mixesAlphabets } from './letter-skeleton.js'

/** What makes a client look like one that it is not. */
export type LookAlike =
  /** It calls itself like a known client, and is answered elsewhere. */
  | { readonly about: 'name'; readonly client: KnownClient }
  /** Its name is written with letters of several alphabets. */
  | { readonly about: 'letters' }
  /** The host is that of no known client, and reads like one's. */
  | { readonly about: 'host'; readonly client: KnownClient }
  /** The host has letters beyond ASCII (RFC 3492). */
  | { readonly about: 'punycode'; readonly reads: string }

/** Everything about a client that may be made to be taken for another one; none for one that is what it says, as far as it can be told. */
export function lookAlikes(name: string | undefined, redirectUri: string): readonly LookAlike[] {
  const url = new URL(redirectUri)
  const found: LookAlike[] = []
  const named = name === undefined ? undefined : clientIn(name)
  if (named !== undefined && !isPlaceOf(named, url)) found.push({ about: 'name', client: named })
  if (name !== undefined && mixesAlphabets(name)) found.push({ about: 'letters' })
  return url.protocol === 'https:' ? [...found, ...lookAlikeHosts(url.hostname)] : found
}

function lookAlikeHosts(hostname: string): readonly LookAlike[] {
  const found: LookAlike[] = []
  const reads = domainToUnicode(hostname)
  const client = clientIn(reads)
  const hasHosts = client !== undefined && client.hosts.length > 0
  if (hasHosts && !isBelow(hostname, client.hosts)) found.push({ about: 'host', client })
  if (hostname.split('.').some((label) => label.startsWith('xn--'))) found.push({ about: 'punycode', reads })
  return found
}

function isPlaceOf({ hosts, loopback, schemes }: KnownClient, { hostname, protocol }: URL): boolean {
  if (protocol === 'https:') return isBelow(hostname, hosts)
  return protocol === 'http:' ? loopback === 'used' : schemes.includes(protocol)
}

function isBelow(hostname: string, hosts: readonly string[]): boolean {
  return hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`))
}
