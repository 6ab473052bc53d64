import type { AuditEvent } from '../audit/audit-event.js'
import type { AuditLog } from '../audit/audit-log.js'
import { originFacts, type RequestOrigin } from '../audit/request-origin.js'
import type { Keyring } from '../credential/keyring.js'
import type { LoginFailure } from './login-failure.js'
import type { LoginTransaction } from './login-transaction.js'

/** What goes on record with a step, where known. */
export type LoginFacts = Pick<AuditEvent, 'tenant' | 'issuer' | 'subject'>

const nobody: LoginFacts = { tenant: undefined }

/** The rows of a sign-in with the five tools: all of one share a reference, which leads to none of its secrets. */
export class LoginRecords {
  readonly #audit: AuditLog
  readonly #keyring: Keyring
  readonly #clientId: string

  constructor(audit: AuditLog, keyring: Keyring, clientId: string) {
    this.#audit = audit
    this.#keyring = keyring
    this.#clientId = clientId
  }

  /** The reference of a transaction, by its id. */
  referenceOf(id: string): string {
    return this.#keyring.digest('login-audit', id).slice(0, 22)
  }

  started(login: LoginTransaction, origin?: RequestOrigin): void {
    const { clientName, transport } = login.requester
    const detail = { transport, ...(clientName === undefined ? {} : { client: clientName }) }
    this.#audit.count({
      ...{ ...nobody, type: 'signin.started', ...this.#common(login.id), detail },
      ...originFacts(origin),
    })
  }

  /** `id` of the transaction, or any word where there is none. */
  failed(id: string, reason: LoginFailure, origin?: RequestOrigin, facts: LoginFacts = nobody): void {
    this.#audit.count({ ...facts, type: 'signin.failed', ...this.#common(id), reason, ...originFacts(origin) })
  }

  #common(id: string): Pick<AuditEvent, 'clientId' | 'requestId'> {
    return { clientId: this.#clientId, requestId: this.referenceOf(id) }
  }
}
