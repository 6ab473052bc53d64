import { isIP } from 'node:net'
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js'
import type { NetworkReach } from '../../core/runtime/fetcher.js'

/** Where an address leads: to this computer, into a network of one's own, or to the public internet. */
export type NetworkPlace = 'loopback' | 'private' | 'public'

/** Where each reach ends. */
export const placesOf: Readonly<Record<NetworkReach, readonly NetworkPlace[]>> = {
  public: ['public'],
  private: ['public', 'private', 'loopback'],
}

const privateRanges: ReadonlySet<string> = new Set(['private', 'uniqueLocal', 'carrierGradeNat'])

/** Where clouds tell machines their credentials, as far as it is outside the link-local ranges. */
const metadataServices = [
  ...['100.100.100.200/32', '100.100.2.136/31', '168.63.129.16/32'],
  ...['fd00:ec2::/32', 'fd20:ce::/32', 'fd00:42::/32', 'fd00:c1::/32'],
].map((range) => ipaddr.parseCIDR(range))

/** All that has been given out for the internet (IANA, RFC 4291 §2.4). What is not in it has a meaning of its own, or none. */
const globalUnicast = ipaddr.parseCIDR('2000::/3')

/** The first six parts of an address of the well-known prefix of translation to IPv4 (RFC 6052 §2.1). */
const translated = [0x64, 0xff9b, 0, 0, 0, 0]

/** Where an IP address leads; `undefined` where nobody should go, and for what is not plainly written. */
export function placeOf(address: string): NetworkPlace | undefined {
  const version = isIP(address)
  // Which link a zone means, only this computer knows; and other notations of IPv4 are read differently by everybody.
  if (version === 0 || address.includes('%')) return undefined
  const plain = version === 4 ? address : withoutDots(address)
  // An IPv4 address in IPv6 clothes (`::ffff:0:0/96`) is reached over IPv4.
  return plain === undefined ? undefined : placeOfParsed(ipaddr.process(plain))
}

/** An IPv6 address in hexadecimal only: `ipaddr.js` takes `::8.8.8.8` for `::ffff:8.8.8.8`, which is another address. */
function withoutDots(address: string): string | undefined {
  return URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1)
}

function placeOfParsed(address: IPv4 | IPv6): NetworkPlace | undefined {
  if (metadataServices.some((range) => isIn(address, range))) return undefined
  const range: string = address.range()
  if (range === 'loopback') return 'loopback'
  if (privateRanges.has(range)) return 'private'
  if (address instanceof ipaddr.IPv6) return placeOfIpv6(address, range)
  return range === 'unicast' ? 'public' : undefined
}

function placeOfIpv6(address: IPv6, range: string): NetworkPlace | undefined {
  if (range === 'unicast') return isIn(address, globalUnicast) ? 'public' : undefined
  if (!translated.every((part, index) => address.parts[index] === part)) return undefined
  const behind = placeOfParsed(ipaddr.fromByteArray(address.toByteArray().slice(12)))
  return behind === 'public' ? 'public' : undefined
}

function isIn(address: IPv4 | IPv6, range: [IPv4 | IPv6, number]): boolean {
  return address.kind() === range[0].kind() && address.match(range)
}
