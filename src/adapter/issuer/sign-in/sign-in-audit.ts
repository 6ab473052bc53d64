import type { Interaction } from 'oidc-provider'
import type { AuditLog } from '../../../core/audit/audit-log.js'
import type { AuditEventType } from '../../../core/audit/audit-event.js'
import type { MasterKey } from '../../../core/credential/master-key.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { parameterOf } from './interaction-step.js'

export interface SignInFact {
  readonly type: Extract<AuditEventType, 'signin.started' | 'signin.completed' | 'signin.failed'>
  readonly interaction: Interaction
  readonly tenant?: Tenant | undefined
  readonly subject?: string | undefined
  readonly reason?: string | undefined
  readonly caller?: string | undefined
}

/** Rows about sign-ins. The rows of one sign-in share a reference made from its id, since the id itself is a secret. */
export class SignInAudit {
  readonly #audit: AuditLog
  readonly #masterKey: MasterKey
  readonly #issuer: string

  constructor(audit: AuditLog, masterKey: MasterKey, issuer: string) {
    this.#audit = audit
    this.#masterKey = masterKey
    this.#issuer = issuer
  }

  /** Durable once it resolves. Throws `UpstreamError` where it cannot be written: then nobody is signed in. */
  record(fact: SignInFact): Promise<void> {
    return this.#audit.record(this.#eventOf(fact))
  }

  /** For what nobody waits for. */
  count(fact: SignInFact): void {
    this.#audit.count(this.#eventOf(fact))
  }

  #eventOf(fact: SignInFact): Parameters<AuditLog['record']>[0] {
    return {
      type: fact.type,
      tenant: fact.tenant,
      issuer: this.#issuer,
      subject: fact.subject,
      clientId: parameterOf(fact.interaction, 'client_id'),
      requestId: this.#masterKey.digest('issuer-audit', fact.interaction.cid).slice(0, 22),
      reason: fact.reason,
      detail: fact.caller === undefined ? undefined : { address: fact.caller },
    }
  }
}
