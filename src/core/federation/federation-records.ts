import type { AuditEvent } from '../audit/audit-event.js'
import type { AuditLog } from '../audit/audit-log.js'
import { originFacts, type RequestOrigin } from '../audit/request-origin.js'
import type { Tenant } from '../identity/tenant.js'
import type { FederationFailure } from './federation-failure.js'

/** What the rows of one sign-in have in common. */
export interface FederationReference {
  readonly requestId: string
  readonly clientId: string | undefined
}

/** What is on record with a step, as far as it is known. */
export interface FederationFacts {
  readonly tenant?: Tenant | undefined
  /** UUID. */
  readonly provider?: string | undefined
  readonly origin: RequestOrigin
  /** Whom a provider vouched for: with these two, an administrator can link an account. */
  readonly identity?: { readonly issuer: string; readonly subject: string } | undefined
}

/** A sign-in that came to an end before it was known which one it is. */
export const noReference: FederationReference = { requestId: 'federation', clientId: undefined }

/** The rows of sign-ins with identity providers. */
export class FederationRecords {
  readonly #audit: Pick<AuditLog, 'count' | 'record'>
  readonly #issuer: string

  /** `issuer`: the own one, whose accounts people sign in to. */
  constructor(audit: Pick<AuditLog, 'count' | 'record'>, issuer: string) {
    this.#audit = audit
    this.#issuer = issuer
  }

  started(reference: FederationReference, facts: FederationFacts): void {
    this.#audit.count(this.#event('signin.started', reference, facts))
  }

  failed(reference: FederationReference, reason: FederationFailure, facts: FederationFacts): void {
    this.#audit.count({ ...this.#event('signin.failed', reference, facts), reason })
  }

  /** Durable once it resolves. Throws `UpstreamError` where it cannot be written: then nobody is signed in. */
  completed(
    reference: FederationReference,
    { accountId, ...facts }: FederationFacts & { readonly accountId: string },
  ): Promise<void> {
    return this.#audit.record({ ...this.#event('signin.completed', reference, facts), subject: accountId })
  }

  #event(
    type: AuditEvent['type'],
    reference: FederationReference,
    { identity, origin, provider, tenant }: FederationFacts,
  ): AuditEvent {
    return {
      ...{ type, tenant, ...reference },
      issuer: identity?.issuer ?? this.#issuer,
      subject: identity?.subject,
      ...(provider === undefined ? {} : { detail: { provider } }),
      ...originFacts(origin),
    }
  }
}
