import { ConfigurationError } from '../error/configuration-error.js'
import type { NetworkReach } from '../runtime/fetcher.js'
import { readEntraIssuer, type EntraIssuer } from './entra-issuer.js'
import { presetNames, type StoredIssuerOptions } from './issuer-options.js'
import { conflictsAmong } from './issuer-set.js'
import { issuerFault } from './issuer-url.js'
import { isObject, OptionReader } from './option-reader.js'
import type { Preset } from './preset/preset.js'
import { presets } from './preset/presets.js'
import { checkProvider } from './provider-rules.js'
import { forbidsAudience, readAudience } from './read-audience.js'
import { readClaims, readTenant } from './read-claims.js'
import { googleIntrospection, readIntrospection, readKeySource } from './read-look-up.js'
import { readToken } from './read-token.js'
import type { AudienceRule, IssuerSource, TrustedIssuer } from './trusted-issuer.js'

const members = Object.keys({
  ...{ issuer: 0, preset: 0, audience: 0, otherAudiences: 0, tenant: 0, claims: 0, algorithms: 0, types: 0 },
  ...{ skewSeconds: 0, maxLifetimeSeconds: 0, jwksUrl: 0, metadataUrl: 0, origins: 0, introspection: 0 },
  ...{ logoutClientId: 0, groupOverage: 0, advertised: 0, network: 0, application: 0 },
} satisfies Record<keyof StoredIssuerOptions, 0>)

/** As long as what the registry keeps of an issuer. */
const longestIssuer = 255

/** What issuers are to be, from a list as it was written. Throws one `ConfigurationError` that lists all that is wrong with any. */
export function readIssuers(written: unknown, source: IssuerSource): readonly TrustedIssuer[] {
  if (!Array.isArray(written)) throw refusal(`the issuers of ${originOf[source]} are not a list`)
  const faults: string[] = []
  const issuers = written.map((options: unknown, index) => readNoting(options, source, { faults, index }))
  throwAny(faults.length > 0 ? faults : conflictsAmong(issuers))
  return issuers
}

/** The same for one. */
export function readIssuer(written: unknown, source: IssuerSource): TrustedIssuer {
  const faults: string[] = []
  const issuer = readNoting(written, source, { faults, index: 0 })
  throwAny(faults)
  return issuer
}

const originOf: Readonly<Record<IssuerSource, string>> = {
  code: 'createAuthSecApp({ issuers })',
  environment: 'AUTHSEC_ISSUERS',
  database: 'the database',
  flags: 'the command line',
}

interface Notes {
  readonly faults: string[]
  readonly index: number
}

function readNoting(written: unknown, source: IssuerSource, { faults, index }: Notes): TrustedIssuer {
  const own: string[] = []
  const issuer = readOne(new OptionReader(isObject(written) ? written : {}, own), source)
  if (!isObject(written)) own.splice(0, own.length, 'is not an object')
  const label = `issuer ${nameOf(written) ?? index + 1} of ${originOf[source]}`
  faults.push(...own.map((fault) => `${label}: ${fault}`))
  return issuer
}

function readOne(options: OptionReader, source: IssuerSource): TrustedIssuer {
  options.refuseUnknown(source === 'database' ? members : members.filter((name) => name !== 'application'))
  const reach = options.optionalWord('network', ['public', 'private'] as const) ?? 'public'
  const name = options.optionalWord('preset', presetNames) ?? 'generic'
  const { issuer, entra } = readName(options, reach)
  const preset = entra?.use === 'shared' ? withoutEmail(presets[name]) : presets[name]
  const audience = readAudience(options, preset, issuer)
  const tenant = readTenant(options)
  const application = options.optionalText('application')
  checkProvider(options, { issuer, preset: name, entra, tenant, audience })
  checkReachOfTrust(options, source, { application, audience })
  const place = { ...{ issuer, preset, reach }, metadataUrl: entra?.metadataUrl, origins: entra?.origins }
  const token = readToken(options, preset)
  return {
    ...{ issuer, source, preset: name, application, audience, tenant, reach },
    token: {
      ...token,
      required: entra === undefined ? token.required : { ...token.required, ver: entra.version },
      forbidden: forbidsAudience(audience) ? [...token.forbidden, 'aud'] : token.forbidden,
    },
    claims: readClaims(options, preset),
    keys: readKeySource(options, place),
    introspection: name === 'google' ? googleIntrospection : readIntrospection(options, reach),
    logoutClientId: options.optionalText('logoutClientId'),
    advertised: options.optionalFlag('advertised') === false ? 'no' : 'yes',
  }
}

/** Any directory may put any address there, whoever it belongs to. */
function withoutEmail(preset: Preset): Preset {
  return { ...preset, claims: { ...preset.claims, email: [] } }
}

/** A stand-in is a URL, so that what is made of it can be made. */
const nowhere = 'https://issuer.invalid/'

function readName(options: OptionReader, reach: NetworkReach): { issuer: string; entra: EntraIssuer | undefined } {
  const issuer = options.text('issuer', longestIssuer)
  if (issuer === '') return { issuer: nowhere, entra: undefined }
  const entra = readEntraIssuer(issuer)
  const fault = entra === undefined ? issuerFault(issuer, reach) : 'fault' in entra ? entra.fault : undefined
  if (fault !== undefined) options.fault('issuer', fault)
  if (fault !== undefined || (entra !== undefined && 'fault' in entra)) return { issuer: nowhere, entra: undefined }
  return { issuer: entra?.issuer ?? issuer, entra }
}

interface Reaching {
  readonly application: string | undefined
  readonly audience: AudienceRule
}

/** One value for all servers of an installation would make a token for one of them good for every other. */
function checkReachOfTrust(options: OptionReader, source: IssuerSource, { application, audience }: Reaching): void {
  if (source !== 'database' || application !== undefined || audience.accepts === 'resource') return
  options.fault(
    'audience',
    "is one server's: name its application (--application), or say 'resource' so that each takes its own tokens only",
  )
}

/** How an issuer is called in a message: by nothing that could be a secret. */
function nameOf(written: unknown): string | undefined {
  const text = isObject(written) ? written['issuer'] : undefined
  const url = typeof text === 'string' && text.length <= longestIssuer ? URL.parse(text) : null
  if (url === null || url.origin === 'null') return undefined
  const isPlain = text === url.href || text === url.origin
  const hasMore = url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== ''
  return JSON.stringify(isPlain && !hasMore ? text : url.origin + url.pathname)
}

function throwAny(faults: readonly string[]): void {
  const failure = ConfigurationError.join(faults.map(refusal))
  if (failure !== undefined) throw failure
}

function refusal(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_ISSUER', message)
}
