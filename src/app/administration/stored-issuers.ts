import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { IssuerStore, StoredIssuer } from '../../core/trust/issuer-store.js'
import { readIssuer } from '../../core/trust/read-issuer-options.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'

/** An issuer as a server would find it: trusted, or why not. */
export type FoundIssuer =
  { readonly name: string; readonly trusted: TrustedIssuer } | { readonly name: string; readonly fault: string }

/** The issuers of the database. */
export async function storedIssuers(store: IssuerStore): Promise<readonly FoundIssuer[]> {
  return (await store.list()).map(look)
}

function look({ fault, issuer: name, written }: StoredIssuer): FoundIssuer {
  if (fault !== undefined) return { name, fault }
  try {
    return { name, trusted: readIssuer(written, 'database') }
  } catch (error) {
    if (error instanceof ConfigurationError) return { name, fault: error.message }
    throw error
  }
}
