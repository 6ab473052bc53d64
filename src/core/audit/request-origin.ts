import { networkOf } from '../runtime/network-address.js'
import { traceIdIn } from '../runtime/trace-parent.js'
import type { AuditEvent } from './audit-event.js'

/** Where a request comes from, for the record; each as far as it is known. */
export interface RequestOrigin {
  /** An IPv4 address, or the first of the /64 of an IPv6 address. */
  readonly address?: string | undefined
  /** What the program that sent it calls itself. Anybody may say anything. */
  readonly userAgent?: string | undefined
  /** The trace that it belongs to, 32 hexadecimal digits. */
  readonly traceId?: string | undefined
  /** When it came, by `performance.now()`. */
  readonly receivedAt?: number | undefined
}

/** The same of a request that came over a network. */
export interface ClientOrigin extends RequestOrigin {
  /** Who counts as one caller for limits, too. */
  readonly address: string
}

/** An HTTP request, as far as it says where it comes from. */
export interface InboundRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** What was found out of a request where it came in. */
export interface ToldOrigin {
  /** Whoever sent it, where our peer is known to speak for others. */
  readonly address?: string | undefined
  readonly traceId?: string | undefined
  readonly receivedAt?: number | undefined
}

/** Kept beside the request, because libraries on its way hand on nothing else. */
const told = new WeakMap<InboundRequest, ToldOrigin>()

/** Says of a request what `originOf` answers from now on. */
export function tellOrigin(request: InboundRequest, origin: ToldOrigin): void {
  told.set(request, { ...told.get(request), ...origin })
}

/** Where a request comes from: its peer on the network unless it was told otherwise. No header is believed here but what names the program and the trace. */
export function originOf(request: InboundRequest): ClientOrigin {
  const { address, receivedAt, traceId } = told.get(request) ?? {}
  return {
    address: networkOf(address ?? request.socket.remoteAddress),
    userAgent: userAgentIn(request.headers['user-agent']),
    traceId: traceId ?? traceIdIn(request.headers['traceparent']),
    receivedAt,
  }
}

/** What an event says of where its request came from. */
export function originFacts(origin: RequestOrigin | undefined): Pick<AuditEvent, 'personal' | 'traceId'> {
  if (origin === undefined) return {}
  const { address, traceId, userAgent } = origin
  const named = address !== undefined || userAgent !== undefined
  return {
    ...(traceId === undefined ? {} : { traceId }),
    ...(named ? { personal: { ...(address && { address }), ...(userAgent && { userAgent }) } } : {}),
  }
}

const longestUserAgent = 256

function userAgentIn(header: string | readonly string[] | undefined): string | undefined {
  if (typeof header !== 'string' || header === '') return undefined
  return header.slice(0, longestUserAgent).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '\uFFFD')
}
