import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { Administrator } from '../../../../core/administration/tenant-administration.js'
import { parseCheckpoint } from '../../../../core/audit/audit-checkpoint.js'
import type { Tenant } from '../../../../core/identity/tenant.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { longestList, type AuditRow } from '../audit-row.js'
import type { AuditTrail } from '../audit-trail.js'
import type { RestoredChain } from '../verify/findings.js'
import { boundaryName, restoredText } from '../verify/note-record.js'

/** Others can add to them what is none. */
const documentsLookedAt = 100

export interface RestoreRecord {
  readonly trail: AuditTrail
  readonly tenant: Tenant
  readonly by: Administrator
}

/**
 * Puts on record which chains an export has brought into the tenant's database, and where they ended then: nothing is added to them
 * any more. By the transaction that brings them, so that they never are without it.
 */
export async function recordRestored(step: Kysely<AuditTables>, { by, tenant, trail }: RestoreRecord): Promise<void> {
  const { rows } = await sql<RestoredChain>`
    select name, place, key, sequence::float8 as sequence, encode(mac, 'hex') as mac
    from audit_chain where kind <> 'legacy' and place <> ${tenant.id} order by name
  `.execute(step)
  const chains = [...(await readBoundary(step)), ...rows]
  const requestId = randomUUID()
  const records = Array.from({ length: Math.ceil(chains.length / longestList) }, (_, part): AuditRow => {
    const listed = chains.slice(part * longestList, (part + 1) * longestList)
    const detail = {
      places: [...new Set(listed.flatMap(({ place }) => (place === '' ? [] : [place])))],
      chains: listed.map((chain) => restoredText(chain)),
    }
    return {
      event: { type: 'audit.maintained', tenant, subject: by, requestId, reason: 'restored', detail },
      count: 1,
    }
  })
  await trail.add(step, records)
}

/** What was there before there were chains says of itself neither whose it is nor which key seals it: checkpoints do. */
async function readBoundary(step: Kysely<AuditTables>): Promise<readonly RestoredChain[]> {
  const { rows } = await sql<Pick<RestoredChain, 'mac' | 'sequence'>>`
    select sequence::float8 as sequence, coalesce(encode(anchor_seal, 'hex'), '') as mac
    from audit_chain where name = ${boundaryName} and kind = 'legacy' and place = ''
  `.execute(step)
  const { rows: documents } = await sql<{ readonly document: string }>`
    select document from audit_checkpoint c order by c.id desc limit ${documentsLookedAt}
  `.execute(step)
  const [last] = documents.flatMap(({ document }) => parseCheckpoint(document) ?? [])
  const [boundary] = rows
  if (boundary === undefined && last === undefined) return []
  const { key, place } = last ?? { key: '', place: '' }
  return [{ sequence: 0, mac: '', ...boundary, name: boundaryName, place, key }]
}
