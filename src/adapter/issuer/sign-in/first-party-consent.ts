import { originOf } from '../../../core/audit/request-origin.js'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { IssuerResource } from '../provider/issuer-resource.js'
import { isRelyingParty, type RelyingParty } from '../provider/relying-party.js'
import { IssuerAccount } from './issuer-account.js'
import { askedScopes, newGrant, saveGrant } from './new-grant.js'
import type { SignInAudit } from './sign-in-audit.js'

export interface FirstPartyParts {
  readonly relyingParty: RelyingParty | undefined
  readonly resources: readonly IssuerResource[]
  readonly audit: SignInAudit
}

/** The consent to this server itself: the page that led here has asked the user, so that here nobody is asked again. */
export class FirstPartyConsent {
  readonly #parts: FirstPartyParts

  constructor(parts: FirstPartyParts) {
    this.#parts = parts
  }

  /** Whether an authorization request comes from this server itself and leads back to it. */
  concerns({ oidc }: KoaContextWithOIDC): boolean {
    const redirectUri = oidc.params?.['redirect_uri']
    return isRelyingParty(this.#parts.relyingParty, { clientId: oidc.client?.clientId, redirectUri })
  }

  /**
   * Gives this one sign-in a grant of its own, on record first; where there is nothing to grant, the question stays open.
   * Throws `UpstreamError` where it cannot be recorded.
   */
  async allow({ oidc, req }: KoaContextWithOIDC): Promise<void> {
    const { audit, resources } = this.#parts
    const { account, client, params, session } = oidc
    const resource = resources.find((known) => known.resource === params?.['resource'])
    if (!(account instanceof IssuerAccount) || client === undefined || session === undefined) return
    if (resource === undefined) return
    const asked = askedScopes(textOf(params?.['scope']), resource)
    const grant = newGrant(oidc.provider, { accountId: account.accountId, clientId: client.clientId })
    const interaction = oidc.entities.Interaction
    const { principal } = account
    await audit.record({
      ...{ type: 'signin.completed', reason: 'consent_allowed', caller: originOf(req) },
      ...{ tenant: principal.tenant, subject: principal.account.id },
      ...(interaction === undefined ? { grantId: grant.jti, clientId: client.clientId } : { interaction }),
      allowed: {
        grantId: grant.jti,
        destination: new URL(textOf(params?.['redirect_uri']) ?? '').host,
        resource: resource.resource,
        scopes: [...asked.scopes, ...asked.identity],
      },
    })
    await saveGrant(grant, resource, asked)
    session.ensureClientContainer(client.clientId)
    session.grantIdFor(client.clientId, grant.jti)
    oidc.entity('Grant', grant)
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
