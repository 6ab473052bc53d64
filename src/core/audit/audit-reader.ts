import type { Tenant } from '../identity/tenant.js'
import type { AuditFilter, AuditRecord } from './audit-record.js'

/** Whose trail is read: a tenant's, or master's, which is of what belongs to no tenant. */
export type AuditPlace = Tenant | undefined

/** How far chains have been read: the last row of each, by its name. */
export type AuditPositions = ReadonlyMap<string, number>

/** Reads the trail, as a role that can do nothing else. */
export interface AuditReader {
  /** The rows that stand at this moment, one after the other however many there are. Throws `UpstreamError`. */
  read(place: AuditPlace, filter: AuditFilter, order: AuditOrder): AsyncIterable<AuditRecord>
  /** Where every chain ends at this moment. */
  ends(place: AuditPlace): Promise<AuditPositions>
  /** What comes after the positions, of any chain, those of each without gaps and in their order; at most so many. */
  after(place: AuditPlace, positions: AuditPositions, limit: number): Promise<readonly AuditRecord[]>
}

/** By the time of the rows. */
export type AuditOrder = 'newest first' | 'oldest first'
