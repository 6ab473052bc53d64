import type { AuditVerdict } from '../../../app/audit/verify-audit.js'
import { counted } from './counted.js'
import type { AuditFault, AuditReport } from '../../../core/audit/audit-verification.js'

/** What was found, database by database. */
export function formatVerdict({ faults, reports, unreached }: AuditVerdict): string {
  return [
    ...reports.flatMap(formatReport),
    ...unreached.map(({ failure, tenant }) => `? ${tenant ?? 'master'}: ${failure}`),
    ...faults.map((fault) => `✗ ${faultWords(fault)}`),
  ].join('\n')
}

function formatReport(report: AuditReport): readonly string[] {
  const { chains, checkpoints, erasures, faultCount, faults, notes, open, removedRows, rows, tenant, unsealedRows } =
    report
  const more = faultCount - faults.length
  const size = `${counted(rows, 'row')} in ${counted(chains, 'chain')}, ${counted(checkpoints, 'checkpoint')}`
  return [
    `${faultCount === 0 ? '✓' : '✗'} ${tenant ?? 'master'}: ${size}`,
    ...faults.map((fault) => `  ✗ ${faultWords(fault)}`),
    ...(more > 0 ? [`  ✗ and ${more} more`] : []),
    ...(open > 0
      ? [`  ${open} ${open === 1 ? 'call or credential read has' : 'calls or credential reads have'} no outcome yet`]
      : []),
    ...(removedRows > 0 ? [`  removed when their term was over: ${counted(removedRows, 'row')}`] : []),
    ...erasures.map(
      ({ reference, rows: erased }) =>
        `  ${counted(erased, 'row')}: what they said of people was erased (${reference})`,
    ),
    ...(unsealedRows > 0
      ? [`  from before rows were sealed, and not to be checked: ${counted(unsealedRows, 'row')}`]
      : []),
    ...notes.map((note) => `  ${note}`),
  ]
}

function faultWords({ at, chain, kind, sequence, to, what }: AuditFault): string {
  const rows =
    sequence === undefined
      ? undefined
      : to === undefined || to === sequence
        ? `row ${sequence}`
        : `rows ${sequence} to ${to}`
  const where = [chain, rows, at].filter((part) => part !== undefined).join(', ')
  return `${where === '' ? '' : `${where}: `}${what} (${kind})`
}
