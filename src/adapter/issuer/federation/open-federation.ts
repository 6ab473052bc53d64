import type { AuditLog } from '../../../core/audit/audit-log.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import { FederationFlow, type FederationFlowPorts } from '../../../core/federation/federation-flow.js'
import { FederationRecords } from '../../../core/federation/federation-records.js'
import type { PasswordRules } from '../../../core/federation/provider/password-rules.js'
import type { UpstreamDirectory } from '../../../core/federation/provider/upstream-directory.js'
import type { Application } from '../../../core/identity/application.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { RateLimiter } from '../../../core/runtime/rate-limiter.js'
import type { IssuerCookies } from '../http/issuer-cookies.js'
import type { PublicUrl } from '../http/public-url.js'
import type { RelyingParty } from '../provider/relying-party.js'
import type { AccountDirectory } from '../sign-in/account-directory.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import { FederationCallback } from './federation-callback.js'
import { InvitationStep } from './invitation-step.js'
import { FederationStep } from './federation-step.js'
import type { UpstreamAttention } from './upstream-attention.js'

/** What signing in with identity providers needs of others. */
export interface FederationParts extends Pick<FederationFlowPorts, 'accounts' | 'store' | 'tokens'> {
  readonly providers: UpstreamDirectory
  readonly passwords: Pick<PasswordRules, 'refusing'>
  /** Asks the provider again, when a client refreshes. */
  readonly keeper: UpstreamAttention
}

interface Options {
  readonly application: Application
  readonly federation?: FederationParts | undefined
  readonly limiter: RateLimiter
  readonly audit: AuditLog
  readonly keyring: Keyring
  readonly clock: Clock
  readonly relyingParty: RelyingParty | undefined
}

interface Pages {
  readonly url: PublicUrl
  readonly directory: AccountDirectory
  readonly cookies: IssuerCookies
  readonly audit: SignInAudit
}

/** Signing in with identity providers, by the pages that it is done on. */
export interface Federation {
  readonly step: FederationStep
  readonly callback: FederationCallback
  readonly invitations: InvitationStep
}

/** Composes signing in with identity providers; `undefined` where there are none to be had. */
export function openFederation(
  { application, audit, clock, federation, keyring, limiter, relyingParty }: Options,
  { cookies, directory, url, audit: signInAudit }: Pages,
): Federation | undefined {
  if (federation === undefined) return undefined
  const records = new FederationRecords(audit, url.issuer)
  const flow = new FederationFlow({
    ...{ ...federation, application: application.clientId, tenants: directory, limiter, records, keyring, clock },
  })
  const serverName = application.name
  return {
    step: new FederationStep({
      flow,
      directory,
      records,
      audit: signInAudit,
      serverName,
      clock,
      ownClient: relyingParty?.clientId,
    }),
    callback: new FederationCallback({ flow, url, cookies, serverName }),
    invitations: new InvitationStep({ flow, keyring, serverName }),
  }
}
