import { shortList } from '../../app/administration/short-list.js'
import type { EndedSessions } from '../../app/sessions/sessions-left.js'
import type { Change } from '../../core/administration/change.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson, printableLine } from '../printable.js'
import { refuseLeft, signedOutWords } from './signed-out.js'

/** What changes are printed with. */
export interface ChangesToPrint {
  /** Slug; none for what belongs to the installation. */
  readonly tenant?: string | undefined
  readonly changes: readonly Change[]
  /** Nothing of it was done. */
  readonly rehearsal?: true | undefined
  /** For whoever runs the command, a sentence each. */
  readonly warnings?: readonly string[] | undefined
  /** A password that nobody else will ever see. */
  readonly password?: string | undefined
  /** What has ended with it. */
  readonly sessions?: EndedSessions | undefined
}

const words: Readonly<Record<Change['action'], { readonly done: string; readonly planned: string }>> = {
  added: { done: 'added', planned: 'would be added' },
  changed: { done: 'changed', planned: 'would be changed' },
  removed: { done: 'removed', planned: 'would be removed' },
  kept: { done: 'as it was', planned: 'stays as it is' },
}

/** Prints what changed, and what was so already. Throws `SessionsLeftError` afterwards where something is still signed in. */
export async function printChanges(
  { warnings = [], ...printed }: ChangesToPrint,
  { json }: { readonly json?: true },
): Promise<void> {
  for (const warning of warnings) console.error(printableLine(`warning: ${warning}`))
  await printResult(json === true ? printableJson(printed) : formatChanges(printed))
  refuseLeft(printed.sessions)
}

/** The changes as a table, long lists cut short, and how many there are of each kind. */
export function formatChanges({ changes, password, rehearsal, sessions, tenant }: ChangesToPrint): string {
  const tense = rehearsal === true ? 'planned' : 'done'
  const rows = changes.map(({ action, after, before, name, noun }) => {
    return [words[action][tense], noun, name, shortList(before) || '-', shortList(after) || '-']
  })
  const place = tenant === undefined ? '' : ` in ${tenant}`
  const counted = (['added', 'changed', 'removed', 'kept'] as const)
    .map((action) => ({ action, count: changes.filter((change) => change.action === action).length }))
    .filter(({ count }) => count > 0)
    .map(({ action, count }) => `${count} ${words[action][tense]}`)
  return [
    ...(rows.length > 0 ? [formatTable(['CHANGE', 'WHAT', 'NAME', 'BEFORE', 'AFTER'], rows), ''] : []),
    `${counted.join(', ') || 'nothing to do'}${place}${rehearsal === true ? '; nothing was written' : ''}`,
    ...(sessions === undefined ? [] : [signedOutWords(sessions)]),
    ...(password === undefined ? [] : [`password: ${printableLine(password)} (shown this once)`]),
  ].join('\n')
}
