import { connect, isIP, isIPv6, type LookupFunction, type Socket } from 'node:net'
import { connect as connectSecurely, rootCertificates } from 'node:tls'
import { FetchError } from '../../core/runtime/fetcher.js'
import { requireReach, type FetchTarget } from './fetch-target.js'
import type { Lookup } from './shared-lookup.js'

export interface ConnectionOptions {
  readonly lookup: Lookup
  /** PEM certificates of authorities that are trusted besides those that Node brings along. */
  readonly ca: readonly string[]
  /** Ends it, whatever has become of it. */
  readonly signal: AbortSignal
}

/** How long one of several addresses is tried before the next. */
const attemptMilliseconds = 500

/**
 * A connection to a target that is where it may be, and over https the one that the certificate is of: nothing is sent before both are
 * certain. What was checked is what is connected to, so that a name cannot mean something else a moment later. Throws `FetchError`
 * (`address`, `unreachable`), or what Node says.
 */
export async function openConnection(target: FetchTarget, options: ConnectionOptions): Promise<Socket> {
  const addresses = isIP(target.hostname) === 0 ? await options.lookup(target.hostname) : [target.hostname]
  // Node takes offence at none at all only after it has opened something.
  if (addresses.length === 0) throw new FetchError('unreachable', `${target.host}: it has no address`)
  requireReach(target, addresses)
  options.signal.throwIfAborted()
  const socket = startConnection(target, addresses, options.ca)
  const end = (): void => void socket.destroy()
  options.signal.addEventListener('abort', end, { once: true })
  socket.once('close', () => {
    options.signal.removeEventListener('abort', end)
  })
  return await whenOpen(socket, target)
}

function startConnection(target: FetchTarget, addresses: readonly string[], ca: readonly string[]): Socket {
  const { hostname: host, port, transport } = target
  const route = {
    ...{ host, port, lookup: fixedLookup(addresses), autoSelectFamily: true },
    autoSelectFamilyAttemptTimeout: attemptMilliseconds,
  }
  if (transport === 'plain') return connect(route)
  return connectSecurely({
    ...route,
    // A name is said as it stands in certificates, and an address not at all (RFC 6066 §3).
    ...(isIP(host) === 0 ? { servername: host.replace(/\.$/, '') } : {}),
    ...(ca.length === 0 ? {} : { ca: [...rootCertificates, ...ca] }),
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    // Said here, no variable of the environment unsays it.
    rejectUnauthorized: true,
  })
}

function whenOpen(socket: Socket, target: FetchTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => {
      reject(new TypeError('closed before it was open'))
    })
    socket.once('connect', () => {
      try {
        requireReach(target, [socket.remoteAddress ?? ''])
      } catch (error) {
        socket.destroy()
        reject(error)
      }
    })
    socket.once(target.transport === 'plain' ? 'ready' : 'secureConnect', () => {
      resolve(socket)
    })
  })
}

function fixedLookup(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  return (_hostname, _options, callback) => {
    callback(null, known)
  }
}
