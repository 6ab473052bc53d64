import { isIssuer } from './entra-issuer.js'
import type { TrustedIssuer } from './trusted-issuer.js'

/** The issuer of all that is asked about a token: the one that `iss` names, byte for byte. */
export function issuerNamed(issuers: readonly TrustedIssuer[], iss: string): TrustedIssuer | undefined {
  return issuers.find(({ issuer }) => isIssuer(issuer, iss))
}

/** What keeps an issuer from being trusted beside others: for one token, more than one of them would be meant. Sentences. */
export function conflictsOf(issuer: TrustedIssuer, others: readonly TrustedIssuer[]): readonly string[] {
  return others.flatMap((other) => {
    if (issuer.issuer === other.issuer) return [`${issuer.issuer} is there twice: keep one`]
    if (isIssuer(issuer.issuer, other.issuer) || isIssuer(other.issuer, issuer.issuer)) {
      return [`${issuer.issuer} and ${other.issuer} both say whom the tokens of one directory are for: keep one`]
    }
    return prefixConflict(issuer, other)
  })
}

function prefixConflict(issuer: TrustedIssuer, other: TrustedIssuer): readonly string[] {
  const prefix = issuer.introspection?.tokenPrefix
  const another = other.introspection?.tokenPrefix
  if (prefix === undefined || another === undefined) return []
  if (!prefix.startsWith(another) && !another.startsWith(prefix)) return []
  const remedy = 'give each an introspection.tokenPrefix, none of which another begins with'
  return [`${issuer.issuer} and ${other.issuer} would both be asked about one token: ${remedy}`]
}

/** The same among all of them. */
export function conflictsAmong(issuers: readonly TrustedIssuer[]): readonly string[] {
  return issuers.flatMap((issuer, index) => conflictsOf(issuer, issuers.slice(0, index)))
}
