import { ConfigurationError } from '../error/configuration-error.js'
import type { NetworkReach } from '../runtime/fetcher.js'
import { isClaimSource } from '../trust/claim-source.js'
import { addressFault, issuerFault, originFault } from '../trust/issuer-url.js'
import { isObject, OptionReader } from '../trust/option-reader.js'
import type { UpstreamPreset } from './preset/preset.js'
import { upstreamPresets } from './preset/presets.js'
import { upstreamKinds, type UpstreamOptions } from './upstream-options.js'
import type { UpstreamEndpoints, UpstreamKind, UpstreamSettings, UpstreamUserMembers } from './upstream-provider.js'

const members = Object.keys({
  ...{ kind: 0, name: 0, issuer: 0, clientId: 0, clientSecret: 0, scopes: 0, endpoints: 0, members: 0 },
  ...{ pkce: 0, origins: 0, secretIn: 0, network: 0 },
} satisfies Record<keyof UpstreamOptions, 0>)

const longestName = 60
const longestAddress = 2048
/** RFC 6749 §3.3. */
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]+$/
/** A stand-in is a URL, so that what is made of it can be made. */
const nowhere = 'https://issuer.invalid'
const nowhereAtAll: UpstreamEndpoints = { authorization: '', token: '', userinfo: '' }

/**
 * What a provider is to be, from its options as they were written; what is known of its kind is filled in. Throws one
 * `ConfigurationError` that lists all that is wrong with them.
 */
export function readUpstreamOptions(written: unknown): Omit<UpstreamSettings, 'id'> {
  const faults: string[] = []
  if (!isObject(written)) throw refusal('the provider is not an object')
  const settings = readAll(new OptionReader(written, faults))
  const failure = ConfigurationError.join(faults.map((fault) => refusal(`the provider's ${fault}`)))
  if (failure !== undefined) throw failure
  return settings
}

function readAll(options: OptionReader): Omit<UpstreamSettings, 'id'> {
  options.refuseUnknown(members)
  const kind = readKind(options)
  const preset = upstreamPresets[kind]
  const reach = options.optionalWord('network', ['public', 'private'] as const) ?? 'public'
  const issuer = readIssuer(options, preset, reach)
  refuseForeign(options, kind)
  return {
    ...{ kind, issuer, reach },
    name: options.optionalText('name', longestName) ?? preset.name ?? new URL(issuer).host,
    clientId: options.text('clientId'),
    clientSecret: readSecret(options, preset),
    scopes: readScopes(options, preset),
    endpoints: preset.endpoints?.(issuer) ?? (kind === 'oauth2' ? readEndpoints(options, reach) : undefined),
    members: preset.members ?? (kind === 'oauth2' ? readMembers(options) : undefined),
    pkce: readPkce(options, kind),
    origins: readOrigins(options, reach),
    secretIn: options.optionalWord('secretIn', ['header', 'body'] as const),
  }
}

function readKind(options: OptionReader): UpstreamKind {
  if (!options.has('kind')) options.fault('kind', `is missing: one of ${upstreamKinds.join(', ')}`)
  return options.optionalWord('kind', upstreamKinds) ?? 'oidc'
}

function readIssuer(options: OptionReader, preset: UpstreamPreset, reach: NetworkReach): string {
  if (preset.issuer !== undefined && !options.has('issuer')) return preset.issuer
  if (preset.ownIssuer === 'fixed') {
    options.fault('issuer', 'is known: leave it out')
    return nowhere
  }
  const issuer = options.text('issuer')
  if (issuer === '') return nowhere
  const fault = preset.issuerFault(issuer) ?? issuerFault(issuer, reach)
  if (fault === undefined) return issuer
  options.fault('issuer', fault)
  return nowhere
}

/** What only a provider without discovery or presets needs; elsewhere it would say nothing, and seem to. */
function refuseForeign(options: OptionReader, kind: UpstreamKind): void {
  const foreign = kind === 'oauth2' ? ['origins'] : ['endpoints', 'members', 'secretIn']
  for (const name of foreign) {
    if (options.has(name)) options.fault(name, `says nothing with kind '${kind}': leave it out`)
  }
}

function readSecret(options: OptionReader, preset: UpstreamPreset): string | undefined {
  if (preset.secret === 'needed' && !options.has('clientSecret')) options.fault('clientSecret', 'is missing')
  return options.optionalText('clientSecret', longestAddress)
}

function readScopes(options: OptionReader, preset: UpstreamPreset): readonly string[] {
  const scopes = options.optionalTexts('scopes') ?? preset.scopes
  if (!scopes.every((scope) => scopePattern.test(scope))) {
    options.fault('scopes', 'has one with a space, a quote or a letter that no scope has; write each by itself')
  }
  if (preset.identity === 'ID token') return [...new Set(['openid', ...scopes])]
  if (scopes.includes('openid')) options.fault('scopes', "has openid: say kind: 'oidc', which looks at the ID token")
  return scopes
}

function readPkce(options: OptionReader, kind: UpstreamKind): 'advertised' | 'assumed' {
  const said = options.optionalWord('pkce', ['assumed'] as const)
  if (kind === 'oauth2' && !options.has('pkce')) {
    options.fault('pkce', "is missing: say 'assumed' once you have looked up that the provider has PKCE with S256")
  }
  return said ?? upstreamPresets[kind].pkce
}

function readEndpoints(options: OptionReader, reach: NetworkReach): UpstreamEndpoints {
  const endpoints = options.optionalObject('endpoints')
  if (!options.has('endpoints')) options.fault('endpoints', 'are missing: authorization, token and userinfo')
  if (endpoints === undefined) return nowhereAtAll
  endpoints.refuseUnknown(Object.keys(nowhereAtAll))
  return {
    authorization: readAddress(endpoints, 'authorization', reach),
    token: readAddress(endpoints, 'token', reach),
    userinfo: readAddress(endpoints, 'userinfo', reach),
  }
}

function readAddress(options: OptionReader, name: string, reach: NetworkReach): string {
  const address = options.text(name, longestAddress)
  const fault = address === '' ? undefined : addressFault(address, reach)
  if (fault !== undefined) options.fault(name, fault)
  return address
}

function readMembers(options: OptionReader): UpstreamUserMembers {
  const read = options.optionalObject('members')
  if (!options.has('members')) options.fault('members', 'are missing: at least subject')
  read?.refuseUnknown(['subject', 'email', 'emailVerified', 'name'])
  if (read?.has('emailVerified') === true && !read.has('email'))
    read.fault('emailVerified', 'says nothing without email')
  for (const name of read?.names ?? []) {
    const source = read?.value(name)
    if (typeof source === 'string' && !isClaimSource(source))
      read?.fault(name, 'is not a JSON Pointer such as /data/id')
  }
  return {
    subject: read?.text('subject') ?? '',
    email: read?.optionalText('email'),
    emailVerified: read?.optionalText('emailVerified'),
    name: read?.optionalText('name'),
  }
}

function readOrigins(options: OptionReader, reach: NetworkReach): readonly string[] | undefined {
  const origins = options.optionalTexts('origins')
  for (const origin of origins ?? []) {
    const fault = originFault(origin, reach)
    if (fault !== undefined) options.fault('origins', `has one that ${fault}`)
  }
  return origins
}

function refusal(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_UPSTREAM', message)
}
