import { nameInWords, quoted, visible } from '../requirement/requirement-words.js'
import type { MatrixCell } from './matrix-cell.js'
import type { AccessDifference } from './matrix-difference.js'
import type { Effect } from './protection-change.js'

const signs: Readonly<Record<Effect, string>> = { opened: '+', closed: '-', changed: '~' }

/** One line for each difference, in their order: `+ role viewer may now call delete_all`. No text where there is none. */
export function describeDifferences(differences: readonly AccessDifference[]): string {
  return differences.map((one) => `${signs[one.effect]} ${describe(one)}`).join('\n')
}

type Of<Kind extends AccessDifference['kind']> = AccessDifference & { readonly kind: Kind }

function describe(difference: AccessDifference): string {
  switch (difference.kind) {
    case 'access':
      return describeAccess(difference)
    case 'demand':
      return describeDemand(difference)
    case 'operation':
      return describeOperation(difference)
    case 'caller':
      return describeCaller(difference)
  }
}

function describeAccess({ caller, from, operation, to }: Of<'access'>): string {
  const [who, what] = [callerInWords(caller), nameInWords(operation)]
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

const amounts: Readonly<Record<Effect, string>> = { opened: 'less', closed: 'more', changed: 'something else' }

function describeDemand({ effect, from, operation, to }: Of<'demand'>): string {
  return `operation ${nameInWords(operation)} demands ${amounts[effect]} now: it was for ${from}, it is for ${to}`
}

function describeOperation({ access, demand, name, presence }: Of<'operation'>): string {
  const callers = listed(access, ({ caller }) => callerInWords(caller)) || 'nobody listed here'
  const subject = `operation ${nameInWords(name)}`
  return presence === 'came'
    ? `${subject} is new, for ${demand}; may call it: ${callers}`
    : `${subject} is gone, for ${demand}; could call it: ${callers}`
}

function describeCaller({ access, name, presence }: Of<'caller'>): string {
  const operations = listed(access, ({ operation }) => nameInWords(operation)) || 'nothing'
  return presence === 'came'
    ? `${callerInWords(name)} is new; may call: ${operations}`
    : `${callerInWords(name)} is gone; could call: ${operations}`
}

/** In quotes where it could be taken for more than one, or for another one. */
function callerInWords(label: string): string {
  return /^ | $|[",;:]/.test(label) ? quoted(label) : visible(label)
}

function listed(access: readonly MatrixCell[], nameOf: (cell: MatrixCell) => string): string {
  return access.map((cell) => `${nameOf(cell)}${cell.verdict === 'unknown' ? ' (depends on a policy)' : ''}`).join(', ')
}
