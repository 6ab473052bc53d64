import type { StoredRow } from '../audit-row.js'
import { commitTo, saltBytes, type AuditSeal, type RowPlace } from '../audit-seal.js'
import type { ReadRow } from './read-rows.js'

/** What has become of what a row says of people. */
export type Persons = 'as written' | 'changed' | 'erased' | 'taken out'

/** Whether the row is the one that follows the seal before. */
export function isSealed(seal: AuditSeal, row: Omit<ReadRow, 'open'>, before: Uint8Array, place: RowPlace): boolean {
  return isPlain(row) && seal.matches(row.mac, seal.rowMac(row, place, before))
}

/** Looks at subject and personal facts, of which the seal has the commitment only. */
export function personsOf(seal: AuditSeal, row: Omit<ReadRow, 'open'>, place: RowPlace): Persons {
  const { commitment, erased_by: reference, personal, salt, subject } = row
  const hasNothing = subject === null && personal === null && row.personal_kind === null && salt === null
  if (reference !== null || row.erasure_seal !== null) {
    return commitment !== null && hasNothing && isErased(seal, row, place) ? 'erased' : 'taken out'
  }
  if (commitment === null) return hasNothing ? 'as written' : 'changed'
  if (hasNothing) return 'taken out'
  const holds =
    salt?.byteLength === saltBytes &&
    isFacts(personal, row.personal_kind) &&
    seal.matches(commitment, commitTo(row, salt))
  return holds ? 'as written' : 'changed'
}

/** Whether the erasure that a row names has taken its facts. */
export function isErased(
  seal: AuditSeal,
  { erased_by: reference, erasure_seal: sealed }: Pick<ReadRow, 'erased_by' | 'erasure_seal'>,
  { chain, place, sequence }: RowPlace,
): boolean {
  return reference !== null && seal.matches(sealed, seal.over('erasure', [place, chain, sequence, reference]))
}

/** Nothing of it would read as something else in JSON, which the seal is over. */
function isPlain({ detail, detail_kind: kind, milliseconds }: Omit<ReadRow, 'open'>): boolean {
  return (milliseconds === null || isNumber(milliseconds)) && isFacts(detail, kind)
}

function isFacts(facts: StoredRow['detail'], kind: string | null): boolean {
  if (kind === null) return true
  return (
    kind === 'object' &&
    facts !== null &&
    Object.values(facts).every((fact) => typeof fact !== 'number' || isNumber(fact))
  )
}

function isNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0)
}
