import { FetchError, type FetchRequest } from '../../core/runtime/fetcher.js'
import { placeOf, placesOf, type NetworkPlace } from './network-place.js'

/** Whom a request goes to, and where that may be. */
export interface FetchTarget {
  /** As it stands in the URL, with its port unless that is the usual one. */
  readonly host: string
  /** A name, or an IP address without brackets. */
  readonly hostname: string
  readonly port: number
  readonly transport: 'tls' | 'plain'
  /** With the query. */
  readonly path: string
  readonly places: readonly NetworkPlace[]
}

const longestName = 253
const transports: ReadonlyMap<string, FetchTarget['transport']> = new Map([
  ['https:', 'tls'],
  ['http:', 'plain'],
])
const usualPorts = { tls: 443, plain: 80 }

/** How many characters a URL may have where nobody says it. */
const usualUrlCharacters = 2048

/** Reads whom a request goes to. Throws `FetchError` (`url`) where that cannot be, whatever its address is. */
export function readTarget(
  { url: text, reach = 'public' }: FetchRequest,
  mostCharacters = usualUrlCharacters,
): FetchTarget {
  const url = text.length > mostCharacters ? null : URL.parse(text)
  if (url === null) throw new FetchError('url', 'what should be asked has no URL that can be read')
  const { hash, host, password, pathname, search, username } = url
  const transport = transports.get(url.protocol)
  if (transport === undefined) throw new FetchError('url', 'only https can be asked')
  const hostname = host.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  if (hostname.length > longestName) throw new FetchError('url', 'the name of a host is too long')
  if (username !== '' || password !== '') throw new FetchError('url', `${host}: its URL names a user`)
  // Also an empty one, which a parsed URL does not show.
  if (hash !== '' || text.includes('#')) throw new FetchError('url', `${host}: its URL has a fragment`)
  if (transport === 'plain' && reach === 'public') throw new FetchError('url', `${host}: only https can be asked`)
  const port = url.port === '' ? usualPorts[transport] : Number(url.port)
  const places: readonly NetworkPlace[] = transport === 'plain' ? ['loopback'] : placesOf[reach]
  return { host, hostname, port, transport, path: pathname + search, places }
}

/** Throws `FetchError` (`address`) unless every one of the addresses is where the request may go. */
export function requireReach({ host, places }: FetchTarget, addresses: readonly string[]): void {
  const found = addresses.map(placeOf)
  if (found.every((place) => place !== undefined && places.includes(place))) return
  throw new FetchError('address', `${host}: its address may not be reached`)
}
