import type { UpstreamSettings } from '../upstream-provider.js'

/**
 * Why a provider may not be used beside issuers whose tokens are taken, as a sentence; `undefined` where it may. Of a provider without ID
 * tokens, an administrator has only written the issuer's name down: whoever it vouches for would pass for a user of that issuer.
 */
export function posingFault(
  { issuer, kind }: Pick<UpstreamSettings, 'issuer' | 'kind'>,
  trusted: ReadonlySet<string>,
): string | undefined {
  if (kind !== 'oauth2' || !trusted.has(issuer)) return undefined
  return `${issuer} is an issuer whose tokens are taken: with kind oauth2 others could pass for its users`
}
