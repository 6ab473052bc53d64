import { Command } from 'commander'
import { listReceivers } from '../../app/audit/audit-receivers.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'
import { namedOrNull, trailOf, withTrailFlags, type TrailFlags } from './trail-flags.js'
import { refuseUnreached } from './unreached-trails.js'

/** `authsec audit receivers`. */
export function receiversCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('receivers').description(
    'Shows to whom the audit trail was sent, and how many rows each does not have: for these, nothing is removed',
  )
  return withTrailFlags(command)
    .option('--json', 'print JSON')
    .action(async ({ json, ...flags }: TrailFlags & { readonly json?: true }) => {
      const { receivers, unreached } = await listReceivers(env, trailOf(flags))
      if (json === true) await printResult(printableJson(receivers.map(namedOrNull)))
      else if (receivers.length > 0) {
        const rows = receivers.map(({ behind, destination, sentAt, tenant }) => {
          return [destination, tenant ?? 'master', `${behind}`, sentAt.toISOString()]
        })
        await printResult(formatTable(['RECEIVER', 'TENANT', 'BEHIND', 'LAST SENT'], rows))
      } else if (unreached.length === 0) console.error('sent to nobody')
      refuseUnreached('not looked at', unreached)
    })
}
