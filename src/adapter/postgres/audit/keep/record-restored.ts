import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Administrator } from '../../../../core/administration/tenant-administration.js'
import type { Tenant } from '../../../../core/identity/tenant.js'
import type { Databases } from '../../databases.js'
import { longestList, type AuditRow } from '../audit-row.js'
import { restoredText } from '../verify/note-record.js'

/** Puts on record which chains an export has brought into the tenant's database, and where they ended then: nothing is added to them any more. */
export async function recordRestored(
  databases: Databases,
  { by, tenant }: { readonly tenant: Tenant; readonly by: Administrator },
): Promise<void> {
  const db = await databases.tenant(tenant)
  await db.transaction().execute(async (step) => {
    const { rows: chains } = await sql<Parameters<typeof restoredText>[0]>`
      select name, place, key, sequence::float8 as sequence, encode(mac, 'hex') as mac
      from audit_chain where kind <> 'legacy' and place <> ${tenant.id} order by name
    `.execute(step)
    const requestId = randomUUID()
    const rows = Array.from({ length: Math.ceil(chains.length / longestList) }, (_, part): AuditRow => {
      const listed = chains.slice(part * longestList, (part + 1) * longestList)
      const detail = {
        places: [...new Set(listed.map(({ place }) => place))],
        chains: listed.map((chain) => restoredText(chain)),
      }
      return {
        event: { type: 'audit.maintained', tenant, subject: by, requestId, reason: 'restored', detail },
        count: 1,
      }
    })
    await databases.trail.add(step, rows)
  })
}
