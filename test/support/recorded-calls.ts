import type { AuditEvent } from '../../src/core/audit/audit-event.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import type { TestPostgres } from './postgres.js'

/** Calls in one tenant as the trail has them. */
export class RecordedCalls {
  readonly #test: TestPostgres
  readonly tenant: Tenant

  constructor(test: TestPostgres, tenant: Tenant) {
    this.#test = test
    this.tenant = tenant
  }

  intent(requestId: string): AuditEvent {
    const { tenant } = this
    return {
      ...{ type: 'operation.allowed', tenant, requestId, intentId: requestId },
      ...{ operation: 'deploy', subject: 'ann' },
    }
  }

  outcome(requestId: string): AuditEvent {
    return { ...this.intent(requestId), type: 'operation.outcome', reason: 'succeeded' }
  }

  /** What is on record of one of them: the intent has no reason. */
  async reasonsOf(requestId: string): Promise<readonly unknown[]> {
    const rows = await this.#test.tenantSql(
      this.tenant,
      'select reason from audit_event where request_id = $1 order by id',
      [requestId],
    )
    return rows.map(({ reason }) => reason)
  }

  /** As if every process were gone for longer than its chain is its own. */
  async leaseEnds(): Promise<void> {
    await this.#test.tenantSql(
      this.tenant,
      `update audit_chain set held_until = clock_timestamp() - interval '1 s' where holder is not null`,
    )
  }
}
