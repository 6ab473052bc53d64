import type { QueryExecutorProvider } from 'kysely'
import type { AuditSeal } from '../audit-seal.js'
import { timeOf, type Findings } from './findings.js'
import { readChain, type ReadChain } from './read-chains.js'
import { readRows, type ReadRow } from './read-rows.js'
import { noteRecord } from './note-record.js'
import { isSealed, personsOf } from './verify-row.js'

export interface ChainWalkOptions {
  readonly db: QueryExecutorProvider
  readonly seal: AuditSeal
  readonly chain: ReadChain
  readonly findings: Findings
  readonly onRows: (rows: number) => void
}

/** Looks at every row of one chain up to its end as it was read, by pages. */
export async function verifyChain(options: ChainWalkOptions): Promise<void> {
  const walk = new ChainWalk(options)
  await walk.run()
}

class ChainWalk {
  readonly #options: ChainWalkOptions
  /** The seal of the row before as it is, and as it should be; none behind a gap, where nothing tells. */
  #before: readonly Uint8Array[]
  /** Another installation's key seals it: only where its rows are can be told. */
  readonly #isForeign: boolean
  #next: number
  #id = 0
  #at: number | undefined

  constructor(options: ChainWalkOptions) {
    this.#options = options
    const { chain, seal } = options
    this.#isForeign = chain.key !== seal.key
    this.#next = chain.anchor + 1
    this.#before = this.#isForeign
      ? []
      : chain.anchor === 0
        ? [seal.begin(chain.place, chain.name)]
        : present(chain.anchor_mac)
  }

  async run(): Promise<void> {
    const { chain, db, findings, onRows } = this.#options
    this.#checkAnchor()
    for (let page = await this.#page(db); page.length > 0; page = await this.#page(db)) {
      for (const row of page) await this.#take(row)
      findings.rows += page.length
      onRows(page.length)
    }
    if (this.#next <= chain.sequence) await this.#miss(chain.sequence)
    this.#checkEnd()
  }

  #page(db: QueryExecutorProvider): Promise<readonly ReadRow[]> {
    const { chain } = this.#options
    return readRows(db, { chain: chain.name, after: this.#next - 1, end: chain.sequence })
  }

  async #take(row: ReadRow): Promise<void> {
    const { chain, findings, seal } = this.#options
    const { sequence } = row
    if (sequence > this.#next) await this.#miss(sequence - 1)
    const place = { place: chain.place, chain: chain.name, sequence }
    const isJoined = this.#before.length === 0 || this.#before.some((before) => isSealed(seal, row, before, place))
    const persons = this.#isForeign && row.erased_by !== null ? 'as written' : personsOf(seal, row, place)
    if (!isJoined || persons === 'changed') this.#fault('row_changed', row, changedWords(row))
    else if (persons === 'taken out')
      this.#fault('erasure_forged', row, 'what it says of people was taken out, and by no erasure')
    else if (row.id <= this.#id) this.#fault('row_misplaced', row, 'its number is not behind that of the row before')
    if (persons === 'erased' && row.erased_by !== null) findings.erase(row.erased_by, this.#where(row))
    // Behind a gap nothing tells whether a row is ours.
    if (isJoined && this.#before.length > 0) noteRecord(row, { findings, place: chain.place })
    if (row.open) findings.open += 1
    if (!this.#isForeign) findings.noted.note(row, chain)
    // What was changed may be the row, or its seal alone: the next one tells.
    const right = isJoined ? [] : ends(this.#before).map((before) => seal.rowMac(row, place, before))
    this.#before = this.#isForeign ? [] : [row.mac, ...right]
    this.#next = sequence + 1
    this.#id = Math.max(this.#id, row.id)
    this.#at = row.at
  }

  /** Rows up to `to` are not there: the retention may have removed them meanwhile. */
  async #miss(to: number): Promise<void> {
    const { chain, db, findings } = this.#options
    const now = await readChain(db, chain.name)
    const first = this.#next
    this.#next = to + 1
    if (now !== undefined && now.anchor >= to && (this.#isForeign || isAnchored(this.#options.seal, now))) {
      this.#before = now.anchor === to && !this.#isForeign ? present(now.anchor_mac) : []
      return
    }
    this.#before = []
    const what = first === to ? 'the row is missing' : `the rows up to ${to} are missing`
    const at = this.#at === undefined ? undefined : timeOf(this.#at)
    findings.add({ kind: 'rows_missing', chain: chain.name, sequence: first, to, at, what })
  }

  #checkAnchor(): void {
    const { chain, findings, seal } = this.#options
    const { anchor: sequence, first, name } = chain
    if (!this.#isForeign && !isAnchored(seal, chain)) {
      const what = 'what says that rows up to here were removed was not made by the retention'
      findings.add({ kind: 'anchor_forged', chain: name, sequence, what })
    }
    if (first !== null && first <= sequence) {
      const what = 'there is a row that cannot be: rows up to there were removed, or none was'
      findings.add({ kind: 'row_misplaced', chain: name, sequence: first, what })
    }
  }

  /** What the chain says of its end agrees with its last row. */
  #checkEnd(): void {
    const { chain, findings, seal } = this.#options
    const { last, name, sequence } = chain
    const at = this.#at === undefined ? undefined : timeOf(this.#at)
    if (last !== null && last > sequence) {
      const what = `the chain is said to end at ${sequence}, and has rows behind that`
      findings.add({ kind: 'end_moved', chain: name, sequence: sequence + 1, to: last, at, what })
    }
    const isEnd = this.#before.length === 0 || this.#before.some((before) => seal.matches(chain.mac, before))
    if (isEnd) return
    findings.add({
      kind: 'end_moved',
      chain: name,
      sequence,
      at,
      what: 'the seal of the chain is not that of its last row',
    })
  }

  #where({ at, sequence }: ReadRow): {
    readonly chain: string
    readonly sequence: number
    readonly at: string | undefined
  } {
    return { chain: this.#options.chain.name, sequence, at: timeOf(at) }
  }

  #fault(kind: 'erasure_forged' | 'row_changed' | 'row_misplaced', row: ReadRow, what: string): void {
    this.#options.findings.add({ kind, ...this.#where(row), what })
  }
}

/** Whether the retention has put the chain's beginning where it is said to be. */
export function isAnchored(
  seal: AuditSeal,
  { anchor, anchor_mac: mac, anchor_seal: sealed, name, place }: Omit<ReadChain, 'first' | 'last'>,
): boolean {
  if (anchor === 0) return mac === null && sealed === null
  return mac !== null && seal.matches(sealed, anchorSeal(seal, { place, name, anchor, mac }))
}

/** Seals the place where the rows of a chain begin that are still kept. */
export function anchorSeal(
  seal: AuditSeal,
  {
    anchor,
    mac,
    name,
    place,
  }: { readonly place: string; readonly name: string; readonly anchor: number; readonly mac: Buffer },
): Buffer {
  return seal.over('anchor', [place, name, anchor, mac.toString('hex')])
}

function changedWords({ erased_by: reference }: ReadRow): string {
  return reference === null ? 'the row is not as it was written' : 'the row is not as the erasure has left it'
}

/** The seal as it is, and the one that follows from what should be: where every row was changed, there are more with each. */
function ends(before: readonly Uint8Array[]): readonly Uint8Array[] {
  return before.length <= 2 ? before : [...before.slice(0, 1), ...before.slice(-1)]
}

function present(mac: Buffer | null): readonly Uint8Array[] {
  return mac === null ? [] : [mac]
}
