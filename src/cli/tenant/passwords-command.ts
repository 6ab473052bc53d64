import { Argument, Command } from 'commander'
import { changePasswords, showPasswords } from '../../app/administration/change-passwords.js'
import type { PasswordRule } from '../../core/federation/provider/password-rules.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printChanges } from '../administration/print-changes.js'
import { printResult } from '../print-result.js'

interface PasswordsFlags extends YesFlag {
  readonly json?: true
}

/** `authsec tenant passwords`: whether they let anybody in. */
export function passwordsCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('passwords')
    .description('Says whether passwords let users of a tenant in, or its identity providers alone')
    .argument('<slug>', 'the tenant')
    .addArgument(new Argument('[rule]', 'shows how it is unless told').choices(['accepted', 'refused']))
    .option('--yes', 'sign everybody out without asking')
    .option('--json', 'print JSON')
    .action(async (slug: string, rule: PasswordRule | undefined, flags: PasswordsFlags) => {
      const place = { env, tenant: slug }
      if (rule === undefined) return printResult(await showPasswords(place))
      await printChanges(await changePasswords(place, rule, agreement(flags)), flags)
    })
}
