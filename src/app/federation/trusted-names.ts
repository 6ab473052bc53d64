import type { IssuerStore } from '../../core/trust/issuer-store.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'

/** The names of all issuers whose tokens some server takes: those of environment and code, and of the database. Throws `UpstreamError`. */
export async function trustedNames(
  store: Pick<IssuerStore, 'list'>,
  fixed: readonly Pick<TrustedIssuer, 'issuer'>[],
): Promise<ReadonlySet<string>> {
  return new Set([...fixed, ...(await store.list())].map(({ issuer }) => issuer))
}
