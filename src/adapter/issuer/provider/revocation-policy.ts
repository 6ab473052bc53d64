import { originOf } from '../../../core/audit/request-origin.js'
import type { AccessToken, Client, ClientCredentials, KoaContextWithOIDC, RefreshToken } from 'oidc-provider'
import type { AccountDirectory } from '../sign-in/account-directory.js'
import { parseSubject } from '../sign-in/issuer-subject.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import { orUnavailable, type ErrorsOfProvider } from './oidc-adapter.js'
import type { OidcProviderModule } from './load-oidc-provider.js'

type RevocationPolicy = (
  context: KoaContextWithOIDC,
  client: Client,
  token: AccessToken | ClientCredentials | RefreshToken,
) => Promise<boolean>

export interface RevocationParts {
  readonly module: OidcProviderModule
  readonly directory: AccountDirectory
  readonly audit: SignInAudit
}

/** Lets a client end its own tokens and no other (RFC 7009 §2.1), and counts it. */
export function createRevocationPolicy({ module, directory, audit }: RevocationParts): RevocationPolicy {
  return async (context, client, token) => {
    if (token.clientId !== client.clientId) return false
    const grant = 'grantId' in token ? { grantId: token.grantId, subject: parseSubject(token.accountId) } : undefined
    audit.count({
      ...{ type: 'signin.completed', reason: 'revoked', clientId: client.clientId, caller: originOf(context.req) },
      grantId: grant?.grantId,
      tenant: await tenantOf(grant?.subject?.tenantSlug, directory, module.errors),
      subject: grant?.subject?.accountId,
    })
    return true
  }
}

async function tenantOf(slug: string | undefined, directory: AccountDirectory, errors: ErrorsOfProvider) {
  return slug === undefined ? undefined : orUnavailable(directory.findTenant(slug), errors)
}
