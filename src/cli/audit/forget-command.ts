import { Command } from 'commander'
import { forgetReceiver } from '../../app/audit/audit-receivers.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printResult } from '../print-result.js'
import { counted } from './format/counted.js'
import { parseNamed, trailOf, withTrailFlags, type TrailFlags } from './trail-flags.js'
import { refuseUnreached } from './unreached-trails.js'

/** `authsec audit forget`. */
export function forgetCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('forget').description(
    'Waits no longer for a receiver of the audit trail that is gone for good: rows that it does not have may be removed',
  )
  return withTrailFlags(command)
    .argument('<receiver>', 'as authsec audit receivers shows it', parseNamed)
    .option('--yes', 'without asking')
    .action(async (destination: string, flags: TrailFlags & YesFlag) => {
      const agree = agreement(flags)
      const { forgotten, unreached } = await forgetReceiver(env, { agree, choice: trailOf(flags), destination })
      if (forgotten > 0) await printResult(`${destination} is forgotten in ${counted(forgotten, 'trail')}`)
      refuseUnreached('it is not forgotten in', unreached)
    })
}
