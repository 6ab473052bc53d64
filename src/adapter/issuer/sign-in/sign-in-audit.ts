import type { Interaction } from 'oidc-provider'
import type { AuditEvent, AuditEventType } from '../../../core/audit/audit-event.js'
import type { AuditLog } from '../../../core/audit/audit-log.js'
import { originFacts, type RequestOrigin } from '../../../core/audit/request-origin.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { parameterOf } from './interaction-step.js'

interface Fact {
  readonly type: Extract<AuditEventType, 'signin.started' | 'signin.completed' | 'signin.failed'>
  readonly tenant?: Tenant | undefined
  readonly subject?: string | undefined
  readonly reason?: string | undefined
  /** Where the request that it came of comes from, where one did. */
  readonly caller?: RequestOrigin | undefined
  /** What was allowed, and to whom it is handed. */
  readonly allowed?: {
    readonly grantId: string
    readonly destination: string
    readonly resource: string
    readonly scopes: readonly string[]
  }
}

/** What happened on the pages of a sign-in. */
export interface SignInFact extends Fact {
  readonly interaction: Interaction
}

/** What happened to a grant without a page: between client and server, or when nothing had to be asked. */
export interface GrantFact extends Fact {
  readonly grantId: string | undefined
  readonly clientId: string | undefined
}

/** What happened on a page of somebody who is signed in. */
export interface PageFact extends Fact {
  /** Tells the rows of one sign-in's page from others. */
  readonly page: string
}

type AnyFact = SignInFact | GrantFact | PageFact

/**
 * Rows about sign-ins and what was issued on them. The rows of one sign-in share a reference, and so do those of one
 * grant; each is made from an id, since the ids themselves are secrets.
 */
export class SignInAudit {
  readonly #audit: AuditLog
  readonly #keyring: Keyring
  readonly #issuer: string

  constructor(audit: AuditLog, keyring: Keyring, issuer: string) {
    this.#audit = audit
    this.#keyring = keyring
    this.#issuer = issuer
  }

  /** Durable once it resolves. Throws `UpstreamError` where it cannot be written: then nobody gets anything. */
  record(fact: SignInFact | GrantFact): Promise<void> {
    return this.#audit.record(this.#eventOf(fact))
  }

  /** For what nobody waits for. */
  count(fact: AnyFact): void {
    this.#audit.count(this.#eventOf(fact))
  }

  /** What the rows of a sign-in have in common. */
  referenceOf(interaction: Interaction): { readonly requestId: string; readonly clientId: string | undefined } {
    return { requestId: this.#digest(interaction.cid), clientId: parameterOf(interaction, 'client_id') }
  }

  #eventOf(fact: AnyFact): AuditEvent {
    return {
      type: fact.type,
      tenant: fact.tenant,
      issuer: this.#issuer,
      subject: fact.subject,
      ...this.#referenceOf(fact),
      reason: fact.reason,
      detail: this.#detailOf(fact),
      ...originFacts(fact.caller),
    }
  }

  #referenceOf(fact: AnyFact): { readonly requestId: string; readonly clientId: string | undefined } {
    if ('interaction' in fact) return this.referenceOf(fact.interaction)
    if ('page' in fact) return { requestId: this.#digest(fact.page), clientId: undefined }
    return { requestId: this.#digest(fact.grantId ?? ''), clientId: fact.clientId }
  }

  #detailOf(fact: AnyFact): AuditEvent['detail'] {
    if (fact.allowed === undefined) return undefined
    const { grantId, ...allowed } = fact.allowed
    return { ...allowed, grant: this.#digest(grantId) }
  }

  #digest(id: string): string {
    return this.#keyring.digest('issuer-audit', id).slice(0, 22)
  }
}
