import type { Command } from 'commander'
import { listPermitted, type Permitted } from '../../app/access/list-permitted.js'
import type { Protection } from '../../core/permission/protection.js'
import { describeRequirement } from '../../core/permission/requirement/requirement-words.js'
import { appCommand, type TenantFlags } from '../app/app-command.js'
import { withApp } from '../app/with-app.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson, printableLine } from '../printable.js'

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
        await printResult(flags.json === true ? toJson(permitted) : formatPermitted(permitted))
      }),
    )
}

function toJson({ accounts, operation, tenants }: Permitted): string {
  return printableJson({ operation: operation.name, needs: protectionWords(operation.protection), tenants, accounts })
}

function formatPermitted({ accounts, operation, tenants }: Permitted): string {
  const needs = printableLine(`${operation.name} is for: ${protectionWords(operation.protection)}`)
  if (accounts.length === 0) return `${needs}\n\nNobody of ${tenants.join(', ') || 'any tenant'} may use it.`
  const rows = accounts.map(({ email, name, tenant, verdict }) => {
    return [tenant, email, name ?? '-', verdict === 'allow' ? 'yes' : 'unless a policy refuses the call']
  })
  return `${needs}\n\n${formatTable(['TENANT', 'EMAIL', 'NAME', 'MAY'], rows)}`
}

function protectionWords(protection: Protection): string {
  if (protection.access === 'public') return 'everybody who reaches the server, signed in or not'
  if (protection.access === 'login') return 'every client that can sign in'
  const bearer = protection.bearerOnly === true ? ', with a bearer token' : ''
  return `${describeRequirement(protection.requirement)}${bearer}`
}
