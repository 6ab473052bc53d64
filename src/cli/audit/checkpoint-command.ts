import { Command, Option } from 'commander'
import { makeCheckpoints, readCheckpointKey, type MadeCheckpoints } from '../../app/audit/make-checkpoints.js'
import type { TrailChoice } from '../../app/audit/maintained-places.js'
import { printResult } from '../print-result.js'
import { escapeJson } from '../printable.js'
import { writePrivateResult } from '../write-private-result.js'
import { counted } from './format/counted.js'
import { parseNamed, trailOf, withTrailFlags, type TrailFlags } from './trail-flags.js'
import { refuseUnreached } from './unreached-trails.js'

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
    .addOption(
      new Option(
        '--output <file>',
        'where it is written, one line of JSON for each database (default: standard output)',
      ).argParser(parseNamed),
    )
    .option('--force', 'replace the file where it is there already')
    .addOption(
      new Option(
        '--public-key',
        'print what signatures are checked with instead: keep it with the checkpoints',
      ).conflicts(['output', 'tenant', 'master']),
    )
    .action(async (flags: CheckpointFlags) => {
      if (flags.publicKey === true) return printResult(await readCheckpointKey(env))
      const { output } = flags
      const make = () => makeLines(env, trailOf(flags))
      if (output === undefined) {
        const { made, text, unreached } = await make()
        if (made > 0) await printResult(text)
        return refuseUnreached(missing, unreached)
      }
      const existing = flags.force === true ? 'replaced' : 'refused'
      const { made, unreached } = await writePrivateResult({ path: output, existing, flag: '--force' }, async (add) => {
        const lines = await make()
        if (lines.made === 0) refuseUnreached(missing, lines.unreached)
        await add(lines.text)
        return lines
      })
      await printResult(`${counted(made, 'checkpoint')} in ${output}`)
      refuseUnreached(missing, unreached)
    })
}

const missing = 'there is no checkpoint of'

interface CheckpointLines extends Pick<MadeCheckpoints, 'unreached'> {
  readonly made: number
  readonly text: string
}

async function makeLines(env: NodeJS.ProcessEnv, choice: TrailChoice): Promise<CheckpointLines> {
  const { made, unreached } = await makeCheckpoints(env, choice)
  const text = made.map((checkpoint) => `${escapeJson(JSON.stringify(checkpoint))}\n`).join('')
  return { made: made.length, text, unreached }
}
