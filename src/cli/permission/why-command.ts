import type { Command } from 'commander'
import { explainAccess } from '../../app/access/explain-access.js'
import { appCommand, type TenantFlags } from '../app/app-command.js'
import { withApp } from '../app/with-app.js'
import { printable, printableJson } from '../printable.js'
import { formatExplanation } from './format-explanation.js'

interface WhyFlags extends TenantFlags {
  readonly user: string
  readonly tool: string
  readonly scope?: string
}

/** `authsec why`: why an account may use a tool, or may not. */
export function whyCommand(env: NodeJS.ProcessEnv): Command {
  return appCommand('why')
    .description('Says why an account may use a tool, or may not, down to each grant')
    .requiredOption('--user <email>', 'the account')
    .requiredOption('--tool <name>', 'the tool')
    .option('--tenant <slug>', 'the tenant of the account, where several have the address')
    .option('--scope <scopes>', 'scopes of the token, separated by spaces (default: all of the account)')
    .option('--json', 'print JSON')
    .action(async (flags: WhyFlags) =>
      withApp(flags.app, async ({ app, file }) => {
        const { email, explanation, tenant, ...assigned } = await explainAccess({ ...flags, app, file, env })
        const who = `${email} of ${tenant}`
        return {
          text:
            flags.json === true
              ? printableJson(explanation)
              : printable(formatExplanation({ who, explanation, assigned })),
        }
      }),
    )
}
