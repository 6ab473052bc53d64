import { randomUUID } from 'node:crypto'
import type { AuditEvent, AuditFacts } from '../audit/audit-event.js'
import type { AuditLog } from '../audit/audit-log.js'
import { AuthSecError } from '../error/auth-sec-error.js'

/** Who reads a credential, and which. */
export interface ReadRecord<Value> {
  readonly audit: Pick<AuditLog, 'record' | 'retain'>
  readonly event: Omit<AuditEvent, 'intentId' | 'milliseconds' | 'reason' | 'type'>
  /** What shows only when it is there. Nothing of what is secret. */
  readonly found?: (value: Value) => AuditFacts
}

/**
 * Reads a credential between two rows: that it is going to be read, without which it is not, and what came of that, which follows in
 * any case. Throws `UpstreamError` where the first cannot be written, and what `read` throws.
 */
export async function recordedRead<Value>(
  { audit, event, found }: ReadRecord<Value>,
  read: () => Promise<Value>,
): Promise<Value> {
  const intentId = randomUUID()
  await audit.record({ ...event, type: 'credential.read', intentId })
  const started = performance.now()
  const settle = async (reason: string, facts?: AuditFacts): Promise<void> => {
    const milliseconds = Math.round((performance.now() - started) * 10) / 10
    const outcome: AuditEvent = {
      ...{ ...event, type: 'credential.outcome', intentId, reason, milliseconds },
      detail: { ...event.detail, ...facts },
    }
    await audit.record(outcome).catch(() => audit.retain(outcome))
  }
  let value: Value
  try {
    value = await read()
  } catch (error) {
    await settle(error instanceof AuthSecError ? error.code : 'failed')
    throw error
  }
  await settle('succeeded', found?.(value))
  return value
}
