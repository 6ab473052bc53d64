import { randomUUID } from 'node:crypto'
import { request as send, type IncomingMessage } from 'node:http'
import { toResponse } from '../support/named-fetch.js'
import { requestName, type RoundRobinProxy } from './round-robin-proxy.js'

/** A request broke because the process that had it was killed: the one failure that is nobody's fault. */
export class LostInFlight extends Error {
  override readonly name = 'LostInFlight'
}

export interface Way {
  /** What the servers are called by. */
  readonly origin: string
  /** Of the proxy, or of one server behind it. */
  readonly port: number
  /** The loopback address that requests come from: what is limited by address is limited for each client. */
  readonly address: string
  readonly proxy: Pick<RoundRobinProxy, 'wasLost'>
}

const longestMilliseconds = 30_000

/** Requests from one address of this machine. Redirects are not followed. Rejects with `LostInFlight` for what a killed process had. */
export function addressedFetch(way: Way): typeof fetch {
  return async (input, init) => {
    const name = randomUUID()
    try {
      const incoming = await open(way, new Request(input, init), name)
      const response = await toResponse(incoming)
      if (way.proxy.wasLost(name)) throw new LostInFlight()
      return response
    } catch (error) {
      if (way.proxy.wasLost(name)) throw new LostInFlight()
      throw error
    }
  }
}

/** The answer to a GET that goes on: tells when it is open and how to close it, and resolves when it has ended. */
export async function listen(
  way: Way,
  request: Request,
  onOpen: (close: () => void) => void,
): Promise<'ended' | 'lost'> {
  const name = randomUUID()
  let closed = false
  try {
    const incoming = await open(way, request, name)
    if (incoming.statusCode !== 200) {
      const answer = await toResponse(incoming)
      if (way.proxy.wasLost(name)) return 'lost'
      throw new TypeError(`a stream was refused with ${answer.status}: ${await answer.text()}`)
    }
    onOpen(() => {
      closed = true
      incoming.destroy()
    })
    for await (const chunk of incoming) void chunk
    return way.proxy.wasLost(name) ? 'lost' : 'ended'
  } catch (error) {
    if (way.proxy.wasLost(name)) return 'lost'
    if (closed) return 'ended'
    throw error
  }
}

async function open({ origin, port, address }: Way, request: Request, name: string): Promise<IncomingMessage> {
  const url = new URL(request.url)
  if (url.origin !== origin) throw new TypeError(`${url.origin} leads nowhere`)
  const headers = { ...Object.fromEntries(request.headers), host: url.host, [requestName]: name }
  const { method, signal } = request
  const body = await request.text()
  return new Promise((resolve, reject) => {
    const target = { host: '127.0.0.1', port, localAddress: address, path: url.pathname + url.search }
    const outgoing = send({ ...target, method, headers, signal, agent: false }, (incoming) => {
      outgoing.setTimeout(0)
      resolve(incoming)
    })
    outgoing.setTimeout(longestMilliseconds, () => outgoing.destroy(new TypeError(`${url.pathname} is not answered`)))
    outgoing.on('error', reject)
    outgoing.end(body === '' ? undefined : body)
  })
}
