import type { NetworkReach } from '../runtime/fetcher.js'
import { issuerFault } from '../trust/issuer-url.js'
import type { OptionReader } from '../trust/option-reader.js'
import type { ServiceAuth, ServiceTokenEndpoint } from './external-service.js'
import { isReservedHeader } from './service-request.js'
import { serviceEndpointFault } from './service-url.js'

/** Every type, in the order in which they are offered. */
export const serviceAuthTypes = ['api_key', 'bearer_token', 'basic_auth', 'oauth2'] as const

const grants = ['client_credentials', 'authorization_code'] as const
const longestAddress = 2048
const longestPrefix = 60
/** RFC 9110 §5.6.2. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/
const parameterName = /^[\w.~[\]-]{1,100}$/
/** RFC 6749 §3.3. */
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]+$/

const memberNames = {
  api_key: ['type', 'in', 'name', 'prefix'],
  bearer_token: ['type'],
  basic_auth: ['type'],
  oauth2: [
    ...(['type', 'grant', 'tokenEndpoint', 'scopes', 'secretIn'] as const),
    ...(['authorizationEndpoint', 'issuer', 'revocationEndpoint'] as const),
  ],
} as const satisfies Record<ServiceAuth['type'], readonly string[]>

/** How a service is shown who asks, from the option `auth`; what is wrong with it is noted. */
export function readServiceAuth(options: OptionReader, reach: NetworkReach): ServiceAuth {
  if (!options.has('auth')) options.fault('auth', `is missing: its type, one of ${serviceAuthTypes.join(', ')}`)
  const auth = options.optionalObject('auth')
  if (auth === undefined) return { type: 'bearer_token' }
  if (!auth.has('type')) auth.fault('type', `is missing: one of ${serviceAuthTypes.join(', ')}`)
  const type = auth.optionalWord('type', serviceAuthTypes)
  if (type === undefined) return { type: 'bearer_token' }
  auth.refuseUnknown(memberNames[type])
  if (type === 'api_key') return readApiKey(auth)
  return type === 'oauth2' ? readOauth(auth, reach) : { type }
}

function readApiKey(auth: OptionReader): ServiceAuth {
  const place = auth.optionalWord('in', ['header', 'query'] as const) ?? 'header'
  const name = auth.text('name')
  const fault = name === '' ? undefined : place === 'header' ? headerFault(name) : parameterFault(name)
  if (fault !== undefined) auth.fault('name', fault)
  return { type: 'api_key', in: place, name, prefix: readPrefix(auth, place) }
}

/** `Authorization` is where many services want their keys, and the only one of ours that a key may be in. */
function headerFault(name: string): string | undefined {
  if (!headerName.test(name)) return 'is not the name of a header, such as X-API-Key'
  const lower = name.toLowerCase()
  return lower !== 'authorization' && isReservedHeader(lower)
    ? `is the header ${lower}, which says something else of a request: a key goes into one of its own, or into Authorization`
    : undefined
}

function parameterFault(name: string): string | undefined {
  return parameterName.test(name) ? undefined : 'is not the name of a parameter, such as api_key'
}

function readPrefix(auth: OptionReader, place: 'header' | 'query'): string {
  // The empty one is how it is stored where nobody said any.
  if (!auth.has('prefix') || auth.value('prefix') === '') return ''
  if (place === 'query') auth.fault('prefix', 'is for headers: leave it out')
  const prefix = auth.optionalText('prefix', longestPrefix) ?? ''
  if (!/^[\x21-\x7e][\x20-\x7e]*$|^$/.test(prefix))
    auth.fault('prefix', 'begins with a blank, or has a letter that no header has')
  return prefix
}

function readOauth(auth: OptionReader, reach: NetworkReach): ServiceAuth {
  if (!auth.has('grant')) auth.fault('grant', `is missing: one of ${grants.join(', ')}`)
  const grant = auth.optionalWord('grant', grants) ?? 'client_credentials'
  const endpoint = readTokenEndpoint(auth, reach)
  if (grant === 'client_credentials') {
    for (const name of ['authorizationEndpoint', 'issuer', 'revocationEndpoint'].filter((member) => auth.has(member)))
      auth.fault(name, 'says nothing with client_credentials, where no user signs in: leave it out')
    return { type: 'oauth2', grant, ...endpoint }
  }
  return {
    type: 'oauth2',
    grant,
    authorizationEndpoint: readEndpoint(auth, 'authorizationEndpoint', reach),
    ...endpoint,
    ...(auth.has('issuer') ? { issuer: readIssuer(auth, reach) } : {}),
    ...(auth.has('revocationEndpoint') ? { revocationEndpoint: readEndpoint(auth, 'revocationEndpoint', reach) } : {}),
  }
}

function readTokenEndpoint(auth: OptionReader, reach: NetworkReach): ServiceTokenEndpoint {
  const scopes = auth.optionalTexts('scopes', 255, 0) ?? []
  if (!scopes.every((scope) => scopePattern.test(scope)))
    auth.fault('scopes', 'has one with a space, a quote or a letter that no scope has; write each by itself')
  return {
    tokenEndpoint: readEndpoint(auth, 'tokenEndpoint', reach),
    scopes,
    secretIn: auth.optionalWord('secretIn', ['header', 'body'] as const) ?? 'header',
  }
}

function readEndpoint(auth: OptionReader, name: string, reach: NetworkReach): string {
  const address = auth.text(name, longestAddress)
  const fault = address === '' ? undefined : serviceEndpointFault(address, reach)
  if (fault !== undefined) auth.fault(name, fault)
  return address
}

/** Compared byte by byte (RFC 9207 §2.4). */
function readIssuer(auth: OptionReader, reach: NetworkReach): string {
  const issuer = auth.text('issuer', longestAddress)
  const fault = issuer === '' ? undefined : issuerFault(issuer, reach)
  if (fault !== undefined) auth.fault('issuer', fault)
  return issuer
}
