import { isIP } from 'node:net'
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js'
import type { InboundRequest } from '../../core/audit/request-origin.js'
import { forwardedFor } from './forwarded-for.js'

type Range = readonly [IPv4 | IPv6, number]

/** Reverse proxies whose word counts for who sent a request. */
export class TrustedProxies {
  readonly #ranges: readonly Range[]

  /** Throws `TypeError` for what `rangeFault` finds a fault with. */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map(parseRange)
  }

  /**
   * Who sent a request, where our peer is one of these proxies and says so: the last address in `X-Forwarded-For` or `Forwarded`
   * (RFC 7239) that is none of theirs. What stands before it, anybody may have written. `undefined` where the peer itself is meant:
   * also where both headers are there and do not say the same, since a proxy writes one of them and hands on the other.
   */
  clientOf({ headers, socket }: InboundRequest): string | undefined {
    if (this.#ranges.length === 0 || !this.#has(addressIn(socket.remoteAddress ?? ''))) return undefined
    const said = forwardedFor(headers).map((hops) => this.#clientAmong(hops))
    return said.every((address) => address === said[0]) ? said[0] : undefined
  }

  /** Whatever stands before a word that is no address is of no account: the proxy that wrote the word is meant. */
  #clientAmong(hops: readonly string[]): string | undefined {
    let client: string | undefined
    for (const hop of hops.toReversed()) {
      const address = addressIn(withoutPort(hop))
      if (address === undefined) return client
      client = address.toString()
      if (!this.#has(address)) return client
    }
    return client
  }

  #has(address: IPv4 | IPv6 | undefined): boolean {
    return (
      address !== undefined &&
      this.#ranges.some(([first, bits]) => address.kind() === first.kind() && address.match(first, bits))
    )
  }
}

/** What is wrong with an address or a range of addresses (`10.0.0.0/8`), as words after its name; `undefined` where nothing is. */
export function rangeFault(text: string): string | undefined {
  try {
    const [first, bits] = parseRange(text)
    if (bits === 0) return 'is every address there is, so that everybody could say who they are'
    return first instanceof ipaddr.IPv6 && first.isIPv4MappedAddress()
      ? 'is IPv4 in the clothes of IPv6: write it as IPv4'
      : undefined
  } catch {
    return 'is neither an address nor a range such as 10.0.0.0/8'
  }
}

function parseRange(text: string): Range {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || rest.length > 0) throw new TypeError('no range of addresses')
  const most = version === 4 ? 32 : 128
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most))
    throw new TypeError('no range of addresses')
  return [ipaddr.parse(address), bits === undefined ? most : Number(bits)]
}

/** An IPv4 address in IPv6 clothes is that address. */
function addressIn(text: string): IPv4 | IPv6 | undefined {
  const [address = ''] = text.split('%', 1)
  return isIP(address) === 0 ? undefined : ipaddr.process(address)
}

function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](?::\d{1,5})?$/.exec(hop)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(hop)?.[1] ?? hop
}
