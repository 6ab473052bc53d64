import { sql, type QueryExecutorProvider } from 'kysely'
import { isSignedBy, parseCheckpoint, type SignedCheckpoint } from '../../../../../core/audit/audit-checkpoint.js'
import { firstNumber, type Findings } from '../findings.js'
import { isLegacy, type ReadChain } from '../read-chains.js'

export const documentsPerPage = 100

/** The first checkpoint of a place that was made when nothing there was from before there were chains. */
export async function findUnaware(
  db: QueryExecutorProvider,
  { place, publicKey }: Pick<SignedCheckpoint, 'place' | 'publicKey'>,
): Promise<SignedCheckpoint | undefined> {
  for (let after = firstNumber; ;) {
    const rows = await readDocuments(db, after)
    const unaware = rows
      .flatMap(({ document }) => parseCheckpoint(document) ?? [])
      .find((one) => one.place === place && isSignedBy(one, publicKey) && !one.chains.some(isLegacy))
    if (unaware !== undefined || rows.length < documentsPerPage) return unaware
    after = rows.at(-1)?.id ?? after
  }
}

/** What was there before there were chains was there when the first checkpoint was made. */
export function judgeLegacy(
  checkpoints: readonly SignedCheckpoint[],
  { findings, legacy }: { readonly findings: Findings; readonly legacy: ReadChain | undefined },
): void {
  const unaware = checkpoints.find(({ chains }) => !chains.some(isLegacy))
  if (legacy === undefined || unaware === undefined || findings.hasUnaware) return
  findings.hasUnaware = true
  const { name, sequence } = legacy
  const what = `rows up to number ${sequence} are said to be from before there were chains, and none was when the checkpoint was made`
  findings.add({ kind: 'anchor_forged', chain: name, sequence, at: unaware.at, what })
}

/** Checkpoints that the database keeps, as they stand there, behind the one with the number `after`. */
export async function readDocuments(
  db: QueryExecutorProvider,
  after: string,
): Promise<readonly { readonly id: string; readonly document: string }[]> {
  const { rows } = await sql<{ readonly id: string; readonly document: string }>`
    select c.id::text as id, document from audit_checkpoint c where c.id > ${after}::bigint order by c.id limit ${documentsPerPage}
  `.execute(db)
  return rows
}
