import type { SessionFeed } from '../../../core/runtime/session-feed.js'
import type { Consent, IssuerConsents } from '../record/issuer-consents.js'
import type { Principal } from '../sign-in/account-directory.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'

export interface ConsentBoundParts {
  /** The client id of the one whose authorization server this is. */
  readonly application: string
  readonly consents: IssuerConsents
  readonly feed: Pick<SessionFeed, 'publish'>
  readonly audit: SignInAudit
}

/** Much more than anybody looks through on one page, and than clients that register anew for each start need in a month. */
const mostConsents = 100

/**
 * Keeps what an account has allowed bounded: beyond it, what was used the longest ago ends. Refusing the new one instead would lock
 * out users whose clients register anew each time, and what ended is only asked for again.
 */
export class ConsentBound {
  readonly #parts: ConsentBoundParts

  constructor(parts: ConsentBoundParts) {
    this.#parts = parts
  }

  /** Ends what is too much, all but the consent under the key `latest`. Throws `UpstreamError`. */
  async enforce(principal: Principal, latest: string): Promise<void> {
    const { application, consents } = this.#parts
    const { account, tenant } = principal
    const owners = [{ tenantId: tenant.id, issuer: undefined, subject: account.id }]
    const scope = { tenant, owners, application }
    if ((await consents.count(scope)) <= mostConsents) return
    const others = (await consents.list(scope)).filter(({ key }) => key !== latest)
    const byUse = others.toSorted((one, other) => lastUseOf(one) - lastUseOf(other))
    for (const consent of byUse.slice(0, Math.max(0, others.length + 1 - mostConsents))) {
      await this.#end(consent, principal)
    }
  }

  async #end(consent: Consent, { account, tenant }: Principal): Promise<void> {
    const { audit, consents, feed } = this.#parts
    if (!(await consents.end(consent.key))) return
    const { clientId, grantId } = consent.kind === 'known' ? consent : { clientId: undefined, grantId: undefined }
    audit.count({
      ...{ type: 'signin.completed', reason: 'consent_displaced', clientId, grantId, tenant, subject: account.id },
    })
    await feed.publish({ about: 'grant', key: consent.key })
  }
}

/** Nobody gets a token any more with what cannot be read: it goes first. */
function lastUseOf(consent: Consent): number {
  return consent.kind === 'known' ? (consent.usedAt ?? consent.since ?? 0) : 0
}
