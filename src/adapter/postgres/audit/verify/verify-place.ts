import type { Kysely } from 'kysely'
import type { SignedCheckpoint } from '../../../../core/audit/audit-checkpoint.js'
import type { AuditReport } from '../../../../core/audit/audit-verification.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import type { AuditSeal } from '../audit-seal.js'
import { verifyAcross } from './across/verify-across.js'
import { Findings, short } from './findings.js'
import { judgePlaces, placesOf } from './judge-places.js'
import { judgeChains, verifyBoundary } from './judge-chains.js'
import { isCounted, isLegacy, readTrail, type ReadTrail } from './read-chains.js'
import { judgeErasures, judgeUnchained, verifyLegacyErasures, verifyOutbox } from './verify-beside.js'
import { judgeCounts } from './table/judge-counts.js'
import { verifyTables } from './table/verify-tables.js'
import { verifyChain } from './verify-chain.js'
import { compareCheckpoints, verifyStored } from './verify-checkpoints.js'

export interface VerifyPlaceOptions {
  readonly db: Kysely<AuditTables>
  readonly seal: AuditSeal
  /** What this installation's checkpoints are checked with. */
  readonly publicKey: string
  /** A tenant's id, or `master`. */
  readonly place: string
  readonly tenant: string | undefined
  /** Those that were kept elsewhere; of other places are left out. */
  readonly checkpoints: readonly SignedCheckpoint[]
  readonly onProgress: (rows: number, total: number) => void
}

export interface VerifiedPlace {
  readonly report: AuditReport
  /** Whose trail may be in the database. */
  readonly places: ReadonlySet<string>
}

/** Looks at the whole trail of one database, in constant memory and while others write to it. */
export async function verifyPlace(options: VerifyPlaceOptions): Promise<VerifiedPlace> {
  const { checkpoints, db, onProgress, place: own, publicKey, seal, tenant } = options
  const findings = new Findings()
  await verifyTables(db, tenant === undefined ? 'master' : 'tenant', findings)
  const trail = await readTrail(db)
  const chains = trail.chains.filter((chain) => !isLegacy(chain))
  judgeChains(trail.chains, findings)
  const total = sum(chains.filter(isCounted).map(({ anchor, sequence }) => sequence - anchor))
  // Rows of the others are not as they were written, whatever they are: that is said already.
  for (const chain of chains.filter(isCounted)) {
    await verifyChain({ db, seal, chain, findings, onRows: () => onProgress(findings.rows, total) })
  }
  await verifyAcross(db, { seal, chains, findings })
  judgeUnchained(trail, findings)
  judgeCounts(trail, findings)
  judgePlaces(chains, { own, seal, findings })
  const places = placesOf(own, findings)
  verifyBoundary(trail.chains, { own, places, seal, findings })
  const beside = { db, seal, places, findings }
  await verifyOutbox(beside)
  await verifyLegacyErasures(beside)
  await judgeErasures(beside)
  const brought = [...findings.restored.values(), ...findings.boundaries.values()].flat()
  const broughtKeys = new Set(brought.map(({ key }) => key))
  const legacy = trail.chains.find(isLegacy)
  const comparing = { db, publicKey, places, broughtKeys, legacy, findings }
  await verifyStored(comparing)
  await compareCheckpoints(
    checkpoints.filter(({ place }) => places.has(place)),
    comparing,
  )
  return { report: reportOf(trail, findings, tenant), places }
}

function reportOf({ chains, unchained }: ReadTrail, findings: Findings, tenant: string | undefined): AuditReport {
  return {
    tenant,
    chains: chains.filter((chain) => !isLegacy(chain)).length,
    rows: findings.rows,
    unsealedRows: unchained.before,
    removedRows: sum(chains.filter((chain) => !isLegacy(chain)).map(({ anchor }) => anchor)),
    checkpoints: findings.checkpoints.size,
    open: findings.open,
    erasures: [...findings.erased].map(([reference, { rows }]) => ({ reference, rows })),
    notes: [...findings.notes].map(short),
    faults: findings.faults,
    faultCount: findings.faultCount,
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}

/** Of a database in which something is that no verification can read. */
export function unreadable(tenant: string | undefined, error: unknown): AuditReport {
  const what = `the trail cannot be read: ${error instanceof Error ? error.message : String(error)}`
  return {
    tenant,
    ...{ chains: 0, rows: 0, unsealedRows: 0, removedRows: 0, checkpoints: 0, open: 0, erasures: [], notes: [] },
    faults: [{ kind: 'unreadable', what }],
    faultCount: 1,
  }
}
