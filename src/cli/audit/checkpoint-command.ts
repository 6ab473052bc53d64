import { Command, Option } from 'commander'
import { makeCheckpoints, readCheckpointKey } from '../../app/audit/make-checkpoints.js'
import { printResult } from '../print-result.js'
import { escapeJson } from '../printable.js'
import { writePrivateResult } from '../write-private-result.js'
import { trailOf, withTrailFlags, type TrailFlags } from './trail-flags.js'

interface CheckpointFlags extends TrailFlags {
  readonly output?: string
  readonly force?: true
  readonly publicKey?: true
}

/** `authsec audit checkpoint`. */
export function checkpointCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('checkpoint').description(
    'Says, signed, how far the audit trail has come: kept elsewhere, it shows what is cut off later',
  )
  return withTrailFlags(command)
    .option('--output <file>', 'where it is written, one line of JSON for each database (default: standard output)')
    .option('--force', 'replace the file where it is there already')
    .addOption(
      new Option(
        '--public-key',
        'print what signatures are checked with instead: keep it with the checkpoints',
      ).conflicts(['output', 'tenant', 'master']),
    )
    .action(async (flags: CheckpointFlags) => {
      if (flags.publicKey === true) return printResult(await readCheckpointKey(env))
      const made = await makeCheckpoints(env, trailOf(flags))
      const lines = made.map((checkpoint) => escapeJson(JSON.stringify(checkpoint)))
      if (flags.output === undefined) return printResult(lines.join('\n'))
      const existing = flags.force === true ? 'replaced' : 'refused'
      await writePrivateResult({ path: flags.output, existing, flag: '--force' }, (add) => add(`${lines.join('\n')}\n`))
      await printResult(`${made.length} checkpoints in ${flags.output}`)
    })
}
