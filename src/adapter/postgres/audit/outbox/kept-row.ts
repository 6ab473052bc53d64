import { randomBytes } from 'node:crypto'
import { toStoredRow, type StoredRow } from '../audit-row.js'
import type { Whereabouts } from '../chain/append-rows.js'

/** More bytes than these the outbox does not take. */
const longestKept = 262_144

/** A row that has waited beside the trail, by the words of its own that tell it from every other. */
export interface KeptRow {
  readonly row: StoredRow
  readonly nonce: string
  /** Where it may stand already. */
  readonly sent: Whereabouts | undefined
}

/** A row that is to be kept, and where it may stand although nobody knows. */
export interface Keeping {
  readonly row: StoredRow
  readonly sent?: Whereabouts | undefined
}

interface KeptWords {
  readonly at: string
  readonly nonce: string
  readonly sent?: (Omit<Whereabouts, 'mac'> & { readonly mac: string }) | undefined
}

/** A row as it waits beside the trail, once and with the time of what it tells; `at` by the database's clock. */
export function fitKept({ row, sent }: Keeping, at: string): string {
  const kept: KeptWords = { at, nonce: randomBytes(16).toString('base64url'), sent: sent && toWords(sent) }
  const text = JSON.stringify({ ...row, kept })
  const bytes = Buffer.byteLength(text)
  if (bytes <= longestKept) return text
  return JSON.stringify({ ...row, detail: { left_out: bytes }, personal: null, kept })
}

/** Nothing where it is not what we keep. The trail has its time and its nonce as facts. */
export function parseKept(text: string): KeptRow | undefined {
  try {
    const { kept, ...row } = JSON.parse(text) as StoredRow & { readonly kept?: KeptWords }
    if (typeof row.type !== 'string' || typeof row.request_id !== 'string') return undefined
    if (typeof kept?.at !== 'string' || typeof kept.nonce !== 'string') return undefined
    const { at, nonce, sent } = kept
    const whereabouts = sent && { ...sent, mac: Buffer.from(sent.mac, 'hex') }
    return { row: { ...row, detail: { ...row.detail, kept: at, nonce } }, nonce, sent: whereabouts }
  } catch {
    return undefined
  }
}

/** Somebody else wrote it: on record as their words, whatever they are, and never as ours, nor in the way of what is. */
export function changedRow(row: string): StoredRow {
  const event = { type: 'audit.maintained', tenant: undefined, requestId: 'outbox', reason: 'outbox_changed' } as const
  return toStoredRow({ event: { ...event, detail: { row } }, count: 1 })
}

function toWords({ holder, mac, name, sequence }: Whereabouts): KeptWords['sent'] {
  return { holder, mac: mac.toString('hex'), name, sequence }
}
