import type { UpstreamKind } from '../upstream-provider.js'

/** Whether tokens of an issuer, as it names itself, can be taken for users of a tenant (UUID). Throws `UpstreamError`. */
export type IsTrusted = (issuer: string, tenant: string) => Promise<boolean>

/** A provider, as far as it can pose as somebody else. */
export interface ProviderName {
  readonly kind: UpstreamKind
  /** What it goes by; `undefined` where nothing says it. */
  readonly issuer: unknown
  /** UUID. */
  readonly tenant: string
}

/**
 * Why a provider may not be used beside issuers whose tokens are taken, as a sentence; `undefined` where it may. Of a provider without ID
 * tokens, an administrator has only written the issuer's name down: whoever it vouches for would pass for a user of that issuer. Throws
 * `UpstreamError`.
 */
export async function posingFault(
  { issuer, kind, tenant }: ProviderName,
  isTrusted: IsTrusted,
): Promise<string | undefined> {
  if (kind !== 'oauth2' || typeof issuer !== 'string' || !(await isTrusted(issuer, tenant))) return undefined
  return `${issuer} is an issuer whose tokens are taken: with kind oauth2 others could pass for its users`
}
