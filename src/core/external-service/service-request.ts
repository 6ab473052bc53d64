import { ServiceError } from '../error/service-error.js'
import type { FetchAnswer, FetchRequest } from '../runtime/fetcher.js'
import type { ExternalService } from './external-service.js'
import { serviceAddress } from './service-address.js'
import type { Introduction } from './service-credential.js'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** What an operation wants of a service: the part of `RequestInit` that leads nowhere else. */
export interface ServiceRequestInit {
  /** Default: `GET`. */
  readonly method?: (typeof methods)[number]
  /** Not those that say who asks, whom, or how long the body is: these are ours. */
  readonly headers?: Readonly<Record<string, string>> | Headers
  readonly body?: string | Uint8Array | URLSearchParams
  /** Ends the request; it ends with the call in any case. */
  readonly signal?: AbortSignal
}

/** A request that has been checked, and does not say yet who asks. */
export interface ServiceRequest {
  readonly address: URL
  readonly method: (typeof methods)[number]
  readonly headers: Headers
  readonly body: string | Uint8Array | undefined
  readonly signal: AbortSignal | undefined
}

/** What a proxy or the other end would take for our own words (RFC 9110 §7.6.1), or for those of somebody else. */
const ours: ReadonlySet<string> = new Set([
  ...['authorization', 'connection', 'content-length', 'cookie', 'expect', 'host', 'keep-alive', 'proxy-authorization'],
  ...['proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'accept-encoding', 'forwarded', 'via'],
  // Some servers take these for the path and method of a request, whatever it says itself.
  ...['x-original-url', 'x-rewrite-url', 'x-original-uri', 'x-real-ip'],
  ...['x-http-method-override', 'x-http-method', 'x-method-override'],
])

/** Whether a header of requests to services, in lower case, is this server's to set. */
export function isReservedHeader(name: string): boolean {
  const read = plain(name)
  return ours.has(read) || read.startsWith('x-forwarded-')
}

/** To many a server an underscore is a hyphen. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/** Checks a request before any credential is read for it. Throws `ServiceError` (`ERR_SERVICE_REQUEST`). */
export function readServiceRequest(service: ExternalService, path: unknown, init: ServiceRequestInit): ServiceRequest {
  const refuse = (problem: string): never => {
    throw new ServiceError('ERR_SERVICE_REQUEST', service.name, `a request to ${service.name} ${problem}`)
  }
  const address = serviceAddress(service, path)
  const method = methods.find((known) => known === (init.method ?? 'GET'))
  if (method === undefined) return refuse(`has a method that is none of ${methods.join(', ')}`)
  const headers = readHeaders(init.headers) ?? refuse('has headers that are not well-formed')
  const { auth } = service
  const taken = [...headers.keys()].find(
    (name) => isReservedHeader(name) || (auth.type === 'api_key' && isNamed(auth, name)),
  )
  if (taken !== undefined) return refuse(`sets the header ${taken}, which is not the operation's to set`)
  if (auth.type === 'api_key' && auth.in === 'query' && address.searchParams.has(auth.name))
    return refuse(`sets the parameter ${auth.name}, which is where the credential goes`)
  const { body } = init
  if (body !== undefined && (method === 'GET' || method === 'HEAD'))
    return refuse(`has a body, but the method ${method}`)
  if (body instanceof URLSearchParams && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
  const sent = body instanceof URLSearchParams ? body.toString() : body
  if (sent !== undefined && typeof sent !== 'string' && !(sent instanceof Uint8Array))
    return refuse('has a body that is neither text, bytes nor URLSearchParams')
  return { address, method, headers, body: sent, signal: init.signal }
}

/** The same request, by somebody the service knows. Some services answer no request without a `User-Agent` (RFC 9110 §10.1.5). */
export function introduced(request: ServiceRequest, by: Introduction, service: ExternalService): FetchRequest {
  const headers: Record<string, string> = { 'user-agent': 'AuthSec', ...Object.fromEntries(request.headers) }
  if (by.in === 'header') headers[by.name.toLowerCase()] = by.value
  const { body, method, signal } = request
  return {
    ...{
      url: by.in === 'query' ? withParameter(request.address, by) : request.address.href,
      method,
      headers,
      reach: service.reach,
    },
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  }
}

/** Whatever the operation has written stays as it is: a service may have signed it, or read it in a way of its own. */
function withParameter({ href }: URL, { name, value }: Introduction): string {
  const joint = href.includes('?') ? (href.endsWith('?') ? '' : '&') : '?'
  return `${href}${joint}${new URLSearchParams({ [name]: value }).toString()}`
}

/** Statuses that have no body (Fetch, null body status). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

/** The answer as `fetch` gives it. Cookies stay here: they are for browsers. Throws `ServiceError` (`ERR_SERVICE_ANSWER`). */
export function serviceResponse({ name }: ExternalService, answer: FetchAnswer): Response {
  const { body, status } = answer
  try {
    const headers = new Headers([...answer.headers].filter(([header]) => header !== 'set-cookie'))
    return new Response(bodiless.has(status) ? null : Buffer.from(body), { status, headers })
  } catch (cause) {
    throw new ServiceError('ERR_SERVICE_ANSWER', name, `${name} gave an answer that is none`, { cause })
  }
}

function isNamed(auth: { readonly in: 'header' | 'query'; readonly name: string }, header: string): boolean {
  return auth.in === 'header' && plain(auth.name) === plain(header)
}

/** Throws nothing: names and values that are none make it `undefined`. */
function readHeaders(written: ServiceRequestInit['headers']): Headers | undefined {
  try {
    return new Headers(written instanceof Headers ? written : { ...written })
  } catch {
    return undefined
  }
}
