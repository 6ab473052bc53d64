import type { AuditFault } from '../../../../core/audit/audit-verification.js'
import { toStorable } from '../../storable-text.js'
import { NotedRows } from './across/noted-rows.js'
import { TrailRecords } from './across/trail-records.js'

const mostFaults = 100
const longestText = 400
/** That a row can have: all of them fit into no number of JavaScript. */
export const firstNumber = '-9223372036854775808'

/** What a walk through the trail of one database finds, of bounded size. */
export class Findings {
  readonly faults: AuditFault[] = []
  readonly notes = new Set<string>()
  faultCount = 0
  rows = 0
  /** Digests of those that were compared: one that is kept here and elsewhere is one. */
  readonly checkpoints = new Set<string>()
  /** Whether a checkpoint knows nothing of rows from before there were chains: that is said once. */
  hasUnaware = false
  open = 0
  /** By reference, how many rows say that an erasure has taken their facts, and where the first of them is. */
  readonly erased = new Map<string, { rows: number; readonly first: Omit<AuditFault, 'kind' | 'what'> }>()
  /** References of erasures that are on record. */
  readonly erasures = new Set<string>()
  readonly noted = new NotedRows()
  /** What records add up to. */
  readonly records = new TrailRecords()
  /** By the place whose trail says so, chains that a restore has brought. */
  readonly restored = new Map<string, RestoredChain[]>()
  /** The same of what was there before there were chains: whose, up to which row, and the seal of that. */
  readonly boundaries = new Map<string, RestoredChain[]>()

  add(fault: AuditFault): void {
    this.faultCount += 1
    if (this.faults.length < mostFaults) this.faults.push(shortened(fault))
  }

  erase(reference: string, first: Omit<AuditFault, 'kind' | 'what'>): void {
    const known = this.erased.get(reference)
    if (known === undefined) this.erased.set(reference, { rows: 1, first })
    else known.rows += 1
  }
}

/** Whoever writes what is found has no say in how much is said of it. */
function shortened(fault: AuditFault): AuditFault {
  const { chain, what } = fault
  return { ...fault, what: short(what), ...(chain === undefined ? {} : { chain: short(chain) }) }
}

/** The beginning of a text that may be of any length. */
export function short(text: string): string {
  return text.length <= longestText ? text : `${toStorable(text, longestText - 1)}…`
}

/** A chain of another place as it was when it was brought here. */
export interface RestoredChain {
  /** Empty where nothing tells. */
  readonly place: string
  readonly name: string
  readonly key: string
  readonly sequence: number
  /** In hexadecimal. */
  readonly mac: string
}

/** Microseconds since the epoch as RFC 3339; `undefined` for no time. */
export function timeOf(microseconds: number): string | undefined {
  const date = new Date(microseconds / 1000)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}
