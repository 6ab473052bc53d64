import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Change } from '../../../core/administration/change.js'
import type { Administrator } from '../../../core/administration/tenant-administration.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { insertAuditRows, longestList, type AuditRow, type AuditSchema } from './audit-row.js'

const rowsPerStatement = 500

/** What somebody has done to how one account proves itself. */
export interface AccountChange {
  readonly tenant: Tenant
  readonly accountId: string
  readonly before?: readonly string[]
  readonly after?: readonly string[]
  /** Its own user, where that is not an administrator. */
  readonly by: Administrator | `link:${string}` | 'own sign-in'
}

export interface AdminChanges {
  /** `undefined` for what belongs to the installation. */
  readonly tenant: Tenant | undefined
  readonly changes: readonly Change[]
  readonly by: Administrator
}

/** Puts changes on record, by the transaction that makes them: a row each, or several where one names more than a row may list. */
export async function recordChanges<Schema extends AuditSchema>(
  db: Kysely<Schema>,
  { by, changes, tenant }: AdminChanges,
): Promise<void> {
  const requestId = randomUUID()
  const rows = changes
    .filter(({ action }) => action !== 'kept')
    .flatMap((change) => partsOf(change))
    .map(({ action, noun, ...detail }): AuditRow => {
      const reason = `${noun.replaceAll(' ', '_')}_${action}`
      return { event: { type: 'admin.changed', tenant, subject: by, requestId, reason, detail }, count: 1 }
    })
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    await insertAuditRows(db, rows.slice(start, start + rowsPerStatement))
  }
}

/** Puts on record what was done to one account, by the transaction that does it. */
export async function recordAccountChange<Schema extends AuditSchema>(
  db: Kysely<Schema>,
  { accountId, after = [], before = [], by, tenant }: AccountChange,
): Promise<void> {
  const detail = { action: 'changed', account: accountId, before, after }
  const event = { type: 'admin.changed', tenant, subject: by, requestId: randomUUID(), detail } as const
  await insertAuditRows(db, [{ event: { ...event, reason: 'account_security_changed' }, count: 1 }])
}

function partsOf({ after, before, ...change }: Change): readonly Change[] {
  const parts = Math.max(1, Math.ceil(Math.max(before.length, after.length) / longestList))
  return Array.from({ length: parts }, (_, part) => {
    const [from, to] = [part * longestList, (part + 1) * longestList]
    return { ...change, before: before.slice(from, to), after: after.slice(from, to) }
  })
}
