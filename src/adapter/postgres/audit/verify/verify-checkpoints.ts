import { sql, type QueryExecutorProvider } from 'kysely'
import {
  digestOf,
  isSignedBy,
  parseCheckpoint,
  type CheckpointChain,
  type SignedCheckpoint,
} from '../../../../core/audit/audit-checkpoint.js'
import { documentsPerPage, judgeLegacy, readDocuments } from './across/legacy-checkpoints.js'
import { firstNumber, type Findings } from './findings.js'
import type { ReadChain } from './read-chains.js'

export interface CheckpointOptions {
  readonly db: QueryExecutorProvider
  /** What this installation's checkpoints are checked with. */
  readonly publicKey: string
  /** Whose trail may be in the database. */
  readonly places: ReadonlySet<string>
  /** Keys of installations from which a restore has brought chains. */
  readonly broughtKeys: ReadonlySet<string>
  /** What says up to which row there were no chains. */
  readonly legacy: ReadChain | undefined
  readonly findings: Findings
}

/** Compares what checkpoints say with the chains as they are now. */
export async function compareCheckpoints(
  checkpoints: readonly SignedCheckpoint[],
  options: CheckpointOptions,
): Promise<void> {
  for (const checkpoint of checkpoints) options.findings.checkpoints.add(digestOf(checkpoint))
  const sound = checkpoints.filter((checkpoint) => isOurs(checkpoint, options))
  await compareChains(sound, options)
  judgeLegacy(sound, options)
}

/** The same with those that the database itself keeps, each of which names the one before. */
export async function verifyStored(options: CheckpointOptions): Promise<void> {
  let before: string | undefined
  for (let after = firstNumber; ;) {
    const rows = await readDocuments(options.db, after)
    const page: SignedCheckpoint[] = []
    for (const { document, id } of rows) {
      after = id
      const checkpoint = parseCheckpoint(document)
      if (checkpoint === undefined) {
        options.findings.add({ kind: 'checkpoint_forged', what: `what the database keeps as checkpoint ${id} is none` })
        continue
      }
      page.push(checkpoint)
      // Others have their own order, and who adds what is none of ours does not break it.
      if (!isSignedBy(checkpoint, options.publicKey)) continue
      if (checkpoint.previous !== (before ?? null)) {
        const what = 'the checkpoint does not follow the one that is kept before it'
        options.findings.add({ kind: 'checkpoint_forged', at: checkpoint.at, what })
      }
      before = digestOf(checkpoint)
    }
    await compareCheckpoints(page, options)
    if (rows.length < documentsPerPage) return
  }
}

function isOurs(
  checkpoint: SignedCheckpoint,
  { broughtKeys, findings, places, publicKey }: CheckpointOptions,
): boolean {
  const { at, key, place } = checkpoint
  if (checkpoint.publicKey !== publicKey) {
    if (broughtKeys.has(key)) {
      findings.notes.add(
        `checkpoints of the installation with the key ${key} are here by a restore, and are not looked at`,
      )
      return false
    }
    findings.add({ kind: 'checkpoint_foreign', at, what: `the checkpoint is of another installation (${key})` })
    return false
  }
  if (!isSignedBy(checkpoint, publicKey)) {
    findings.add({ kind: 'checkpoint_forged', at, what: 'the signature of the checkpoint does not hold' })
    return false
  }
  if (places.has(place)) return true
  findings.add({ kind: 'checkpoint_foreign', at, what: `the checkpoint is of another database (${place})` })
  return false
}

interface Compared extends CheckpointChain {
  /** When the checkpoint was made. */
  readonly at: string
}

interface Standing {
  readonly name: string
  readonly expected: number
  readonly mac: string
  readonly kind: string | null
  readonly place: string | null
  /** Its kind and place when the checkpoint was made. */
  readonly was: string
  readonly begun: string
  readonly sequence: number | null
  readonly anchor: number | null
  /** What the checkpoint says of that. */
  readonly anchored: number
  readonly anchor_mac: Buffer | null
  readonly found: Buffer | null
}

async function compareChains(
  checkpoints: readonly SignedCheckpoint[],
  { db, findings }: CheckpointOptions,
): Promise<void> {
  const ends = new Map<string, Compared>()
  for (const { at, chains } of checkpoints) {
    for (const chain of chains) {
      const end = `${chain.name} ${chain.sequence} ${chain.mac}`
      ends.set(end, { ...chain, at, anchor: Math.max(chain.anchor, ends.get(end)?.anchor ?? 0) })
    }
  }
  const wanted = JSON.stringify(
    [...ends.values()].map(({ anchor, kind, mac, name, place, sequence }) => ({
      name,
      expected: sequence,
      mac,
      was: kind,
      begun: place,
      anchored: anchor,
    })),
  )
  const { rows } = await sql<Standing>`
    select w.name, w.expected::float8 as expected, w.mac, c.kind, c.place, w.was, w.begun, c.sequence::float8 as sequence,
      c.anchor_sequence::float8 as anchor, w.anchored::float8 as anchored, c.anchor_mac, e.mac as found
    from jsonb_to_recordset(${wanted}::jsonb) as w (name text, expected bigint, mac text, was text, begun text, anchored bigint)
    left join audit_chain c on c.name = w.name
    left join audit_event e on e.chain = w.name and e.sequence = w.expected
  `.execute(db)
  for (const row of rows) {
    const at = ends.get(`${row.name} ${row.expected} ${row.mac}`)?.at
    const where = { chain: row.name, sequence: row.expected, at }
    const { sequence } = row
    if (sequence === null) {
      findings.add({
        kind: 'chain_missing',
        ...where,
        what: `the chain is gone, which had ${row.expected} rows when the checkpoint was made`,
      })
    } else if (row.kind !== row.was || row.place !== row.begun) {
      const what = `the chain was of the kind ${row.was} and begun in ${row.begun || 'no place'} when the checkpoint was made`
      findings.add({ kind: 'chain_forged', ...where, what })
    } else if (sequence < row.expected) {
      const missing = { chain: row.name, sequence: sequence + 1, to: row.expected, at }
      findings.add({
        kind: 'rows_missing',
        ...missing,
        what: `the chain ends at ${sequence}, and had ${row.expected} rows when the checkpoint was made`,
      })
    } else if (row.kind === 'legacy' && (row.anchor ?? 0) < row.anchored) {
      const what = `rows from before there were chains had been removed up to ${row.anchored} when the checkpoint was made`
      findings.add({ kind: 'anchor_forged', ...where, what })
    } else if (!agrees(row)) {
      findings.add({
        kind: 'row_changed',
        ...where,
        what: 'the row is not the one that was the last when the checkpoint was made',
      })
    }
  }
}

/** Removed rows cannot be compared, nor is there one before the first. */
function agrees({ anchor, anchor_mac: anchored, expected, found, kind, mac, sequence }: Standing): boolean {
  if (kind === 'legacy') return sequence === expected
  if (expected === 0 || (anchor !== null && expected < anchor)) return true
  const now = expected === anchor ? anchored : found
  // That it is missing is said already.
  return now === null || now.toString('hex') === mac
}
