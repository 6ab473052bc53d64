import { sql } from 'kysely'
import type { AuditPlace } from '../../../../core/audit/audit-reader.js'
import type { AuditRecord } from '../../../../core/audit/audit-record.js'
import type { UnsentAudit } from '../../../../core/audit/stream/unsent-audit.js'
import type { AuditArchive } from './audit-archive.js'
import { parseRecord } from './audit-record-row.js'
import { selectAfter } from './postgres-audit-reader.js'

/** How far receivers have the trail, in `audit_cursor` of the database whose trail it is. */
export class PostgresUnsentAudit implements UnsentAudit {
  readonly #archive: AuditArchive

  constructor(archive: AuditArchive) {
    this.#archive = archive
  }

  async read(place: AuditPlace, destination: string, limit: number): Promise<readonly AuditRecord[]> {
    const rows = await this.#archive.asAuditor(place, async (step) => {
      const cursors = await step
        .selectFrom('audit_cursor')
        .select(['chain', sql<number>`sequence::float8`.as('sequence')])
        .where('destination', '=', destination)
        .execute()
      return selectAfter(step, new Map(cursors.map(({ chain, sequence }) => [chain, sequence])), limit)
    })
    return rows.map((row) => parseRecord(row, place?.slug))
  }

  async note(place: AuditPlace, destination: string, sent: readonly AuditRecord[]): Promise<void> {
    const ends = new Map<string, number>()
    for (const { position } of sent) {
      if (position !== undefined) ends.set(position.chain, Math.max(position.sequence, ends.get(position.chain) ?? 0))
    }
    // One that is late does not send everybody back.
    await sql`
      insert into audit_cursor (destination, chain, sequence)
      select ${destination}, chain, sequence
      from unnest(${[...ends.keys()]}::text[], ${[...ends.values()]}::bigint[]) as sent (chain, sequence)
      order by chain
      on conflict (destination, chain) do update set
        sequence = greatest(audit_cursor.sequence, excluded.sequence), sent_at = clock_timestamp()
    `.execute(await this.#archive.asOwner(place))
  }
}
