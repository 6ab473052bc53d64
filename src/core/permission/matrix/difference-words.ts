import { nameInWords, visible } from '../requirement/requirement-words.js'
import type { MatrixCell } from './matrix-cell.js'
import type { AccessDifference, Effect } from './matrix-difference.js'

const signs: Readonly<Record<Effect, string>> = { opened: '+', closed: '-', changed: '~' }

/** One line for each difference, in their order: `+ role viewer may now call delete_all`. No text where there is none. */
export function describeDifferences(differences: readonly AccessDifference[]): string {
  return differences.map((one) => `${signs[one.effect]} ${describe(one)}`).join('\n')
}

function describe(difference: AccessDifference): string {
  switch (difference.kind) {
    case 'access':
      return describeAccess(difference)
    case 'operation': {
      const name = `operation ${nameInWords(difference.name)}`
      return describePresence(name, difference, (cell) => visible(cell.caller))
    }
    case 'caller':
      return describePresence(visible(difference.name), difference, (cell) => nameInWords(cell.operation))
  }
}

function describeAccess({ caller, from, operation, to }: AccessDifference & { readonly kind: 'access' }): string {
  const [who, what] = [visible(caller), nameInWords(operation)]
  switch (to) {
    case 'allow':
      return from === 'deny' ? `${who} may now call ${what}` : `${who} may now call ${what} whatever policies say`
    case 'deny':
      return `${who} may no longer call ${what}`
    case 'unknown':
      return from === 'deny'
        ? `${who} may now call ${what} where a policy allows it`
        : `${who}: ${what} depends on a policy now`
  }
}

type Presence = AccessDifference & { readonly kind: 'caller' | 'operation' }

function describePresence(
  subject: string,
  { access, kind, presence }: Presence,
  nameOther: (cell: MatrixCell) => string,
): string {
  const others = access.map((cell) => `${nameOther(cell)}${cell.verdict === 'unknown' ? ' (depends on a policy)' : ''}`)
  const list = others.join(', ')
  if (kind === 'operation') {
    if (presence === 'came') return `${subject} is new; may call it: ${list || 'nobody listed here'}`
    return `${subject} is gone; could call it: ${list || 'nobody listed here'}`
  }
  if (presence === 'came') return `${subject} is new; may call: ${list || 'nothing'}`
  return `${subject} is gone; could call: ${list || 'nothing'}`
}
