import { sql } from 'kysely'
import type { AuditPlace } from '../../../../core/audit/audit-reader.js'
import type { AuditPosition, AuditRecord } from '../../../../core/audit/audit-record.js'
import type { UnsentAudit } from '../../../../core/audit/stream/unsent-audit.js'
import type { Log } from '../../../../core/runtime/log.js'
import type { AuditArchive } from './audit-archive.js'
import { parseRecord } from './audit-record-row.js'
import { selectAfter, selectBroken } from './postgres-audit-reader.js'

/** How far receivers have the trail, in `audit_cursor` of the database whose trail it is. */
export class PostgresUnsentAudit implements UnsentAudit {
  readonly #archive: AuditArchive
  readonly #log: Log
  /** What the log has been told. */
  readonly #broken = new Set<string>()

  constructor(archive: AuditArchive, log: Log) {
    this.#archive = archive
    this.#log = log
  }

  async read(place: AuditPlace, destination: string, limit: number): Promise<readonly AuditRecord[]> {
    const { broken, rows } = await this.#archive.asAuditor(place, async (step) => {
      const cursors = await step
        .selectFrom('audit_cursor')
        .select(['chain', sql<number>`sequence::float8`.as('sequence')])
        .where('destination', '=', destination)
        .execute()
      const positions = new Map(cursors.map(({ chain, sequence }) => [chain, sequence]))
      return { rows: await selectAfter(step, positions, limit), broken: await selectBroken(step, positions) }
    })
    for (const position of broken) this.#report(place, destination, position)
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

  /** Once: it is met again with each look. */
  #report(place: AuditPlace, destination: string, { chain, sequence }: AuditPosition): void {
    const key = JSON.stringify([place?.id, destination, chain, sequence])
    if (this.#broken.has(key)) return
    this.#broken.add(key)
    const where = { destination, tenant: place?.slug, chain, sequence }
    this.#log.write('error', 'a row of the audit trail is missing: those behind it in its chain are not sent', where)
  }
}
