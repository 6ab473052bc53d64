import type { NetworkReach } from '../runtime/fetcher.js'
import { addressFault, metadataUrlsOf, originFault } from './issuer-url.js'
import type { OptionReader } from './option-reader.js'
import { googleLookUp } from './preset/google.js'
import type { Preset } from './preset/preset.js'
import type { Introspection, KeySource } from './trusted-issuer.js'

const longestUrl = 2048

/** Where an issuer is, as far as that is known without being said. */
export interface IssuerPlace {
  readonly issuer: string
  readonly preset: Preset
  readonly reach: NetworkReach
  /** Where its metadata is, if not at a well-known place. */
  readonly metadataUrl?: string | undefined
  readonly origins?: readonly string[] | undefined
}

/** Where the issuer's keys are found. */
export function readKeySource(options: OptionReader, place: IssuerPlace): KeySource {
  const url = readUrl(options, 'jwksUrl', place.reach)
  const metadataUrl = readUrl(options, 'metadataUrl', place.reach)
  const origins = readOrigins(options, place.reach)
  if (url !== undefined) {
    for (const name of ['metadataUrl', 'origins']) {
      if (options.has(name)) options.fault(name, 'says nothing beside jwksUrl: leave one of them out')
    }
    return { kind: 'jwks', url }
  }
  const known = metadataUrl ?? place.metadataUrl
  return {
    kind: 'discovery',
    metadataUrls: known === undefined ? metadataUrlsOf(place.issuer) : [known],
    origins: [...new Set([...place.preset.origins, ...(place.origins ?? []), ...origins])],
  }
}

function readOrigins(options: OptionReader, reach: NetworkReach): readonly string[] {
  const origins = options.optionalTexts('origins', longestUrl) ?? []
  const fault = origins.map((origin) => originFault(origin, reach)).find((found) => found !== undefined)
  if (fault !== undefined) options.fault('origins', `has one that ${fault}`)
  return origins
}

function readUrl(options: OptionReader, name: string, reach: NetworkReach): string | undefined {
  const url = options.optionalText(name, longestUrl)
  const fault = url === undefined ? undefined : addressFault(url, reach)
  if (fault === undefined) return url
  options.fault(name, fault)
  return undefined
}

/** How the issuer is asked about tokens that are no JWTs; `undefined` where they are refused. */
export function readIntrospection(options: OptionReader, reach: NetworkReach): Introspection | undefined {
  const written = options.optionalObject('introspection')
  if (written === undefined) return undefined
  written.refuseUnknown(['url', 'clientId', 'clientSecret', 'tokenPrefix'])
  const url = readUrl(written, 'url', reach)
  if (url === undefined && options.has('jwksUrl')) {
    written.fault('url', 'is needed beside jwksUrl: no metadata is asked for it')
  }
  const tokenPrefix = written.optionalText('tokenPrefix', 64) ?? ''
  if (tokenPrefix.startsWith('eyJ')) written.fault('tokenPrefix', 'is how JWTs begin, which nobody is asked about')
  return {
    ...{ kind: 'rfc7662', url, userinfoUrl: undefined },
    clientId: written.text('clientId'),
    clientSecret: written.text('clientSecret', 1024),
    tokenPrefix,
  }
}

/** Google asks for no client of ours to say what a token is. */
export const googleIntrospection: Introspection = {
  ...{ kind: 'google', url: googleLookUp.url, userinfoUrl: googleLookUp.userinfoUrl },
  ...{ clientId: '', clientSecret: '', tokenPrefix: googleLookUp.tokenPrefix },
}
