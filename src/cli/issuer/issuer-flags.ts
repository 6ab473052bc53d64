import { RefusedError } from '../../app/refused-error.js'
import type { IssuerAsWritten } from '../../core/administration/issuer-administration.js'

/** What was said of an issuer; whatever is wrong with it is said where it is read. */
export interface IssuerFlags {
  readonly preset?: string
  readonly audience?: readonly string[]
  readonly otherAudience?: readonly string[]
  readonly tenantClaim?: string
  readonly tenant?: string
  readonly claim?: readonly string[]
  readonly application?: string
  readonly algorithm?: readonly string[]
  readonly type?: readonly string[]
  readonly skew?: number
  readonly maxLifetime?: number
  readonly jwksUrl?: string
  readonly metadataUrl?: string
  readonly origin?: readonly string[]
  readonly clientId?: string
  readonly introspectionUrl?: string
  readonly tokenPrefix?: string
  readonly logoutClientId?: string
  readonly groupOverage?: string
  readonly privateNetwork?: true
  readonly notAdvertised?: true
}

/** The options of an issuer that the flags say. Throws `RefusedError` for what can be no option at all. */
export function optionsIn(issuer: string, flags: IssuerFlags, clientSecret: string | undefined): IssuerAsWritten {
  return said({
    issuer,
    preset: flags.preset,
    audience: flags.audience && audienceIn(flags.audience),
    otherAudiences: flags.otherAudience,
    tenant: emptyAsNothing({ claim: flags.tenantClaim, slug: flags.tenant }),
    claims: flags.claim && placesIn(flags.claim),
    application: flags.application,
    algorithms: flags.algorithm,
    types: flags.type,
    skewSeconds: flags.skew,
    maxLifetimeSeconds: flags.maxLifetime,
    jwksUrl: flags.jwksUrl,
    metadataUrl: flags.metadataUrl,
    origins: flags.origin,
    introspection: emptyAsNothing({
      ...{ url: flags.introspectionUrl, tokenPrefix: flags.tokenPrefix },
      ...{ clientId: flags.clientId, clientSecret },
    }),
    logoutClientId: flags.logoutClientId,
    groupOverage: flags.groupOverage,
    advertised: flags.notAdvertised === true ? false : undefined,
    network: flags.privateNetwork === true ? 'private' : undefined,
  })
}

function audienceIn(values: readonly string[]): string | Readonly<Record<string, string>> {
  const [first = '', ...others] = values
  if (others.length === 0 && !first.startsWith('/')) return first
  return Object.fromEntries(values.map((value) => pairIn(value, '--audience PATH=VALUE')))
}

/** Several places of one thing are given one after another; one of no name says that it is nowhere. */
function placesIn(values: readonly string[]): Readonly<Record<string, string | readonly string[] | null>> {
  const places = new Map<string, readonly string[]>()
  for (const value of values) {
    const [what, place] = pairIn(value, '--claim WHAT=PLACE')
    places.set(what, [...(places.get(what) ?? []), ...(place === '' ? [] : [place])])
  }
  return Object.fromEntries([...places].map(([what, all]) => [what, all.length === 0 ? null : all]))
}

function pairIn(text: string, form: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new RefusedError(`${text} is not of the form ${form}`)
}

function said(members: IssuerAsWritten): IssuerAsWritten {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

function emptyAsNothing(members: IssuerAsWritten): IssuerAsWritten | undefined {
  const given = said(members)
  return Object.keys(given).length === 0 ? undefined : given
}
