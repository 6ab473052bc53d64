import type { Erased } from '../../../app/audit/erase-audit.js'
import { counted } from './counted.js'

/** What an erasure has taken, and what it could not. */
export function formatErased(tenant: string, erased: Erased): string {
  const { left, reference, rows, rowsElsewhere, rowsInMaster, searchedIn } = erased
  const taken = `erased from ${counted(rows, 'row')} of ${tenant} and ${counted(rowsInMaster, 'row')} of master`
  const many = rowsElsewhere !== 1
  return [
    `${taken}, which do not say any more whom they are about (${reference})`,
    ...(rowsElsewhere === 0
      ? []
      : [
          `${counted(rowsElsewhere, 'row')} of other tenants ${many ? 'do' : 'does'} not say any more that an administrator looked for this person`,
        ]),
    ...(left === 0 ? [] : [`${leftWords(left)}: verify the trail`]),
    ...(searchedIn.length === 0 ? [] : [searchedWords(searchedIn.join(', '))]),
  ].join('\n')
}

/** Of rows that an erasure has left. */
export function leftWords(left: number): string {
  return left === 1
    ? '1 row of this person stays, which is not as it was written'
    : `${left} rows of this person stay, which are not as they were written`
}

function searchedWords(names: string): string {
  const found = `That an administrator looked for this person is still on record in: ${names}`
  const advice = 'if it is this person, erase it there with --tenant and --subject or --account'
  return `${found}; by a name that somebody else may have there: ${advice}`
}
