import { randomUUID } from 'node:crypto'
import type { AuditEvent, AuditFacts } from '../../core/audit/audit-event.js'
import type { AuditPlace } from '../../core/audit/audit-reader.js'
import type { AuditFilter } from '../../core/audit/audit-record.js'
import type { Installation } from '../administration/with-tenant.js'
import { inTrail } from './in-trail.js'

/** What somebody wants of the trail. */
export interface AuditWish {
  readonly how: 'export' | 'search' | 'tail'
  readonly filter: AuditFilter
  /** How many rows at most. */
  readonly limit?: number | undefined
}

export type AuditReadingParts = Pick<Installation, 'by' | 'postgres'>

/** One reading of one trail, which is itself on record there: before anything is read, and with the number of rows when it is over. */
export class AuditVisit {
  /** Of its own rows. */
  readonly requestId = randomUUID()
  /** How many were read until now. */
  rows = 0
  readonly #record: (event: Pick<AuditEvent, 'detail' | 'personal' | 'reason'>) => Promise<void>

  private constructor({ by, postgres }: AuditReadingParts, place: AuditPlace) {
    const { requestId } = this
    this.#record = (said) =>
      inTrail(place, () =>
        postgres.audit.record({ type: 'audit.read', tenant: place, subject: by, requestId, ...said }),
      )
  }

  /** Throws `UpstreamError` where it cannot be put on record: then nothing is read. */
  static async begin(parts: AuditReadingParts, place: AuditPlace, wish: AuditWish): Promise<AuditVisit> {
    const visit = new AuditVisit(parts, place)
    const { actor } = wish.filter
    await visit.#record({
      reason: 'started',
      detail: factsOf(wish),
      personal: actor === undefined ? undefined : { actor },
    })
    return visit
  }

  /** `cut_off`: not everything that was asked for was read. */
  async end(reason: 'completed' | 'cut_off'): Promise<void> {
    await this.#record({ reason, detail: { rows: this.rows } })
  }
}

/** Who was looked for is a fact about people, and not among these. */
function factsOf({ filter, how, limit }: AuditWish): AuditFacts {
  const { decision, operation, reason, requestId, since, types, until } = filter
  const facts = {
    ...{ how, limit, since: since?.toISOString(), until: until?.toISOString(), types },
    ...{ operation, decision, reason, reference: requestId },
  }
  const said: Record<string, string | number | readonly string[]> = {}
  for (const [name, fact] of Object.entries(facts)) if (fact !== undefined) said[name] = fact
  return said
}
