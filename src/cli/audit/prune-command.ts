import { Command, InvalidArgumentError } from 'commander'
import { pruneAudit, type PrunedTrail } from '../../app/audit/prune-audit.js'
import { fewestRetentionDays, mostRetentionDays } from '../../app/settings/settings.js'
import type { UnreachedTrail } from '../../app/audit/in-trail.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { CheckFailedError } from '../exit-code.js'
import { printResult } from '../print-result.js'
import { printable, printableJson } from '../printable.js'
import { formatPruned } from './format/format-pruned.js'
import { namedOrNull, trailOf, withTrailFlags, type TrailFlags } from './trail-flags.js'
import { namesOf, refuseUnreached } from './unreached-trails.js'

interface PruneFlags extends TrailFlags, YesFlag {
  readonly olderThan: number
  readonly unsent?: true
  readonly json?: true
}

const where = 'this did not come to its end'

/** `authsec audit prune`. */
export function pruneCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('prune').description(
    'Removes what is on record from long ago, which is on record itself; exits with 1 where something keeps rows from going',
  )
  return withTrailFlags(command)
    .requiredOption('--older-than <days>', `so old is what goes, such as 365d; at least ${fewestRetentionDays}d`, days)
    .option('--unsent', 'also what somebody to whom the trail is sent does not have yet')
    .option('--yes', 'without asking')
    .option('--json', 'print JSON')
    .action(async ({ json, olderThan, unsent, ...flags }: PruneFlags) => {
      const { pruned, unreached } = await pruneAudit(env, {
        ...{ choice: trailOf(flags), days: olderThan, agree: agreement(flags) },
        unsent: unsent === true ? 'removed' : 'kept',
      })
      await printResult(json === true ? printableJson(pruned.map(namedOrNull)) : printable(formatPruned(pruned)))
      refuseStayed(pruned, unreached)
      refuseUnreached(where, unreached)
    })
}

/** What is not as it was written matters more than what does not answer, which is named all the same. */
function refuseStayed(pruned: readonly PrunedTrail[], unreached: readonly UnreachedTrail[]): void {
  const stayed = pruned.filter(({ chains }) => chains.some(({ fault }) => fault !== undefined))
  if (stayed.length === 0) return
  const names = stayed.map(({ tenant }) => tenant ?? 'master').join(', ')
  const silent = unreached.length === 0 ? '' : `; ${where}: ${namesOf(unreached)}`
  throw new CheckFailedError(`rows whose term is over stay, verify the trail of: ${names}${silent}`)
}

function days(text: string): number {
  const number = Number(/^(\d{1,5})d$/.exec(text)?.[1])
  if (number >= fewestRetentionDays && number <= mostRetentionDays) return number
  throw new InvalidArgumentError(`It is a number of days from ${fewestRetentionDays}d to ${mostRetentionDays}d.`)
}
