import { domainToUnicode } from 'node:url'
import { clientIn, type KnownClient } from './known-clients.js'
import { mixesAlphabets } from './letter-skeleton.js'

/** Whose host: where the access goes, or where the client publishes who it is. */
type HostOf = 'destination' | 'publisher'

/** What makes a client look like one that it is not. */
export type LookAlike =
  /** It calls itself like a known client, and is answered elsewhere. */
  | { readonly about: 'name'; readonly client: KnownClient }
  /** It calls itself like a known client, and says so on the host of somebody else. */
  | { readonly about: 'publisher'; readonly client: KnownClient; readonly host: string }
  /** Its name is written with letters of several alphabets. */
  | { readonly about: 'letters' }
  /** The host is that of no known client, and reads like one's. */
  | { readonly about: 'host'; readonly of: HostOf; readonly client: KnownClient }
  /** The host has letters beyond ASCII (RFC 3492). */
  | { readonly about: 'punycode'; readonly of: HostOf; readonly reads: string }

/** What a client says of itself. */
export interface Appearance {
  readonly name: string | undefined
  /** Where the user is sent. */
  readonly uri: string
  /** A client that is named by a document is whoever can publish on that host. */
  readonly clientId?: string | undefined
}

/** Everything about a client that may be made to be taken for another one; none for one that is what it says, as far as it can be told. */
export function lookAlikes({ clientId, name, uri }: Appearance): readonly LookAlike[] {
  const url = new URL(uri)
  const publisher = clientId === undefined ? undefined : publisherOf(clientId)
  const found: LookAlike[] = []
  const named = name === undefined ? undefined : clientIn(name)
  if (named !== undefined && !isPlaceOf(named, url)) found.push({ about: 'name', client: named })
  if (named !== undefined && publisher !== undefined && isForeign(named, publisher.hostname)) {
    found.push({ about: 'publisher', client: named, host: publisher.host })
  }
  if (name !== undefined && mixesAlphabets(name)) found.push({ about: 'letters' })
  if (url.protocol === 'https:') found.push(...lookAlikeHosts(url.hostname, 'destination'))
  if (publisher === undefined || publisher.hostname === url.hostname) return found
  return [...found, ...lookAlikeHosts(publisher.hostname, 'publisher')]
}

/** Where a client publishes who it is; `undefined` for one that has registered. */
export function publisherOf(clientId: string): URL | undefined {
  return /^https:\/\//.test(clientId) && URL.canParse(clientId) ? new URL(clientId) : undefined
}

function lookAlikeHosts(hostname: string, of: HostOf): readonly LookAlike[] {
  const found: LookAlike[] = []
  const reads = domainToUnicode(hostname)
  const client = clientIn(reads)
  if (client !== undefined && isForeign(client, hostname)) found.push({ about: 'host', of, client })
  if (hostname.split('.').some((label) => label.startsWith('xn--'))) found.push({ about: 'punycode', of, reads })
  return found
}

function isForeign({ hosts }: KnownClient, hostname: string): boolean {
  return hosts.length > 0 && !isBelow(hostname, hosts)
}

function isPlaceOf({ hosts, loopback, schemes }: KnownClient, { hostname, protocol }: URL): boolean {
  if (protocol === 'https:') return isBelow(hostname, hosts)
  return protocol === 'http:' ? loopback === 'used' : schemes.includes(protocol)
}

function isBelow(hostname: string, hosts: readonly string[]): boolean {
  return hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`))
}
