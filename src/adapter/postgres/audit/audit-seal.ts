import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { StoredRow } from './audit-row.js'

/** A shorter one and the same with zeros behind it would be the same key (RFC 2104 §3). */
export const saltBytes = 16
const purpose = 'audit chain'

/** Where a row stands: nothing of it can be at another place. */
export interface RowPlace {
  /** Whose database: a tenant's id, or `master`. */
  readonly place: string
  readonly chain: string
  /** Counted from 1. */
  readonly sequence: number
}

/** The end of a chain, to which the next row is joined. */
export interface ChainEnd {
  readonly place: string
  readonly name: string
  readonly sequence: number
  readonly mac: Buffer
}

/** A row with what seals it. */
export interface SealedRow extends StoredRow {
  /** Microseconds since the epoch, by the database's clock. */
  readonly at: number
  readonly chain: string
  readonly sequence: number
  readonly salt: Buffer | null
  readonly commitment: Buffer | null
  readonly mac: Buffer
}

/** What the seal of a row is over: everything but what people can have erased, of which it has the commitment. */
export interface SealedFacts extends Omit<StoredRow, 'personal' | 'subject'> {
  readonly at: number
  readonly commitment: Uint8Array | null
}

/**
 * Seals of the trail: HMAC-SHA-256 with a key that is in no database, each over a row, its place and the seal before it. Who can
 * change rows cannot make the seals that belong to them.
 */
export class AuditSeal {
  readonly #keyring: Keyring

  constructor(keyring: Keyring) {
    this.#keyring = keyring
  }

  /** Tells which key seals, and nothing about it. */
  get key(): string {
    return this.#keyring.digest(`${purpose} key`, '').slice(0, 12)
  }

  /** What the first row of a chain is joined to. */
  begin(place: string, chain: string): Buffer {
    return this.#mac(['chain', place, chain])
  }

  /** The rows in their order as the next of a chain. `at` in microseconds since the epoch. */
  seal(rows: readonly StoredRow[], end: ChainEnd, at: number): readonly SealedRow[] {
    let before = end.mac
    return rows.map((row, index) => {
      const place = { place: end.place, chain: end.name, sequence: end.sequence + index + 1 }
      const isPersonal = row.subject !== null || row.personal !== null
      const salt = isPersonal ? randomBytes(saltBytes) : null
      const commitment = salt && commitTo(row, salt)
      const mac = this.rowMac({ ...row, at, commitment }, place, before)
      before = mac
      return { ...row, at, chain: place.chain, sequence: place.sequence, salt, commitment, mac }
    })
  }

  /** The seal that a row has to have. */
  rowMac(row: SealedFacts, { place, chain, sequence }: RowPlace, before: Uint8Array): Buffer {
    return this.#mac([
      ...['row', place, chain, sequence, row.at, row.type, row.issuer, row.client_id],
      ...[row.request_id, row.intent_id, row.trace_id, row.operation, row.reason, row.milliseconds],
      ...[inOrder(row.detail), row.count, hex(row.commitment), hex(before)],
    ])
  }

  /** Over anything else of the trail: an erasure, the anchor of a chain, what waits in the outbox. */
  over(what: 'anchor' | 'erasure' | 'outbox', facts: readonly (number | string | null)[]): Buffer {
    return this.#mac([what, ...facts])
  }

  /** Whether a seal that was read is the right one. */
  matches(read: Uint8Array | null, right: Uint8Array): boolean {
    return read !== null && read.byteLength === right.byteLength && timingSafeEqual(read, right)
  }

  /** 32 bytes that checkpoints are signed with. */
  signingSeed(): Buffer {
    return this.#keyring.derive('audit checkpoint')
  }

  #mac(facts: readonly unknown[]): Buffer {
    return createHmac('sha256', this.#keyring.derive(purpose)).update(JSON.stringify(facts)).digest()
  }
}

/** Binds a row to its subject and what else it says of people: without the salt nobody finds out by trying. */
export function commitTo({ personal, subject }: Pick<StoredRow, 'personal' | 'subject'>, salt: Uint8Array): Buffer {
  return createHmac('sha256', salt)
    .update(JSON.stringify([subject, inOrder(personal)]))
    .digest()
}

/** JSON objects have no order, and PostgreSQL gives their members back in another one. */
function inOrder(facts: StoredRow['detail']): unknown {
  return facts && Object.entries(facts).sort(([one], [other]) => (one < other ? -1 : 1))
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes).toString('hex')
}
