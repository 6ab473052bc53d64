import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { IssuerOptions } from '../../core/trust/issuer-options.js'
import { conflictsAmong } from '../../core/trust/issuer-set.js'
import { readIssuers } from '../../core/trust/read-issuer-options.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'

/**
 * The issuers that `AUTHSEC_ISSUERS` lists as JSON, and then those of the code; where both name one, the environment goes before it.
 * Throws one `ConfigurationError` with all that is wrong with any, and never with a part of the text, which has secrets in it.
 */
export function readTrustedIssuers(
  text: string | undefined,
  code: readonly IssuerOptions[] | undefined,
): readonly TrustedIssuer[] {
  const named = text === undefined ? [] : readIssuers(parseJson(text), 'environment')
  const coded = code === undefined ? [] : readIssuers(code, 'code')
  const issuers = [...named, ...coded.filter(({ issuer }) => named.every((other) => other.issuer !== issuer))]
  const faults = conflictsAmong(issuers).map((message) => new ConfigurationError('ERR_CONFIG_ISSUER', message))
  const failure = ConfigurationError.join(faults)
  if (failure !== undefined) throw failure
  return issuers
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What the parser says quotes the text.
    throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', 'AUTHSEC_ISSUERS is no JSON: it is a list of issuers')
  }
}
