import type { LintedAccess } from '../../app/access/lint-access.js'
import type { Finding } from '../../core/permission/lint/finding.js'
import { printable } from '../printable.js'
import { notCounted } from './not-counted.js'

/** Each finding with its place, then how many there are and which databases were looked at. */
export function formatFindings({ findings, tenants, uncounted }: LintedAccess): string {
  const end = [summary(findings), looked(tenants), ...notCounted(uncounted)].join(' ')
  return [...findings.map(formatFinding), end].map(printable).join('\n')
}

/** How many findings there are of each severity. */
export function countFindings(findings: readonly Finding[]): { readonly errors: number; readonly warnings: number } {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  return { errors, warnings: findings.length - errors }
}

function formatFinding({ code, declaredAt, message, severity }: Finding): string {
  const place = declaredAt === undefined ? '' : `\n    at ${declaredAt}`
  return `${severity} [${code}] ${message}${place}`
}

function summary(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing found.'
  const { errors, warnings } = countFindings(findings)
  return `${counted(errors, 'error')}, ${counted(warnings, 'warning')}.`
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function looked(tenants: readonly string[] | undefined): string {
  if (tenants === undefined) return 'No database was looked at, so names were not checked.'
  return tenants.length === 0
    ? 'There is no tenant to check names with.'
    : `Names were checked with ${tenants.join(', ')}.`
}
