import type { Command } from 'commander'
import { listPermitted, type Permitted } from '../../app/access/list-permitted.js'
import { describeProtection } from '../../core/permission/matrix/protection-words.js'
import { nameInWords } from '../../core/permission/requirement/requirement-words.js'
import { appCommand, type TenantFlags } from '../app/app-command.js'
import { withApp } from '../app/with-app.js'
import { formatTable } from '../format-table.js'
import { printableJson, printableLine } from '../printable.js'
import { notCounted } from './not-counted.js'

interface WhoCanFlags extends TenantFlags {
  readonly tool: string
}

/** `authsec who-can`: which accounts may use a tool. */
export function whoCanCommand(env: NodeJS.ProcessEnv): Command {
  return appCommand('who-can')
    .description('Lists the accounts that may use a tool')
    .requiredOption('--tool <name>', 'the tool')
    .option('--tenant <slug>', 'of one tenant only')
    .option('--json', 'print JSON')
    .action(async (flags: WhoCanFlags) =>
      withApp(flags.app, async ({ app, file }) => {
        const permitted = await listPermitted({ ...flags, app, file, env })
        return { text: flags.json === true ? toJson(permitted) : formatPermitted(permitted) }
      }),
    )
}

function toJson({ operation, ...permitted }: Permitted): string {
  return printableJson({ operation: operation.name, needs: describeProtection(operation.protection), ...permitted })
}

function formatPermitted({ accounts, operation, tenants, uncounted }: Permitted): string {
  const rows = accounts.map(({ email, name, tenant, verdict }) => {
    return [tenant, email, name ?? '-', verdict === 'allow' ? 'yes' : 'unless a policy refuses the call']
  })
  const sections = [
    printableLine(`${nameInWords(operation.name)} is for: ${describeProtection(operation.protection)}`),
    rows.length === 0
      ? `No account of ${tenants.join(', ') || 'any tenant'} may use it.`
      : formatTable(['TENANT', 'EMAIL', 'NAME', 'MAY'], rows),
    ...notCounted(uncounted),
  ]
  return sections.join('\n\n')
}
