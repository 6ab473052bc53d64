import type { ClientOrigin } from '../../../core/audit/request-origin.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { FederationFlow } from '../../../core/federation/federation-flow.js'
import type { Invitation } from '../../../core/federation/federation-store.js'
import { renderContinuePage } from '../page/render-page.js'
import { invitationPage, refusedPage, type RefusedPage } from './refused-page.js'

export interface InvitationStepParts {
  readonly flow: Pick<FederationFlow, 'begin'>
  readonly keyring: Keyring
  readonly serverName: string
}

/** An invitation that stands, and the browser that has opened it. */
export interface InvitationVisit extends Invitation {
  /** As the form says: not looked at yet. */
  readonly provider: string
  readonly browser: string
  readonly caller: ClientOrigin
}

/** Accepting an invitation by signing in with a provider of the tenant, as far as the page of the link goes: away from it. */
export class InvitationStep {
  readonly #parts: InvitationStepParts

  constructor(parts: InvitationStepParts) {
    this.#parts = parts
  }

  /** Sends the browser to the provider. Throws `UpstreamError` where a database does not answer. */
  async begin({ accountId, browser, caller, digest, provider, tenant }: InvitationVisit): Promise<RefusedPage> {
    const { flow, keyring, serverName } = this.#parts
    const reference = { requestId: keyring.digest('account-link-audit', digest).slice(0, 22), clientId: undefined }
    const start = {
      ...{ interaction: invitationPage, reference, provider, loginHint: undefined, mostSeconds: undefined },
      // Whoever the browser is signed in as there need not be who was invited.
      otherAccount: true,
      invitation: { accountId, digest, tenant },
    }
    const answer = await flow.begin(start, { ...caller, browser })
    if (answer.outcome === 'refused') return refusedPage(serverName, answer)
    // A page, not a redirect: `form-action` covers the whole redirect chain of a form.
    const page = renderContinuePage({ serverName, continueTo: answer.url.href, leaves: false })
    return { status: 200, page, retryAfter: undefined }
  }
}
