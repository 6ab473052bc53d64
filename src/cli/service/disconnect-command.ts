import type { Command } from 'commander'
import { disconnectUser } from '../../app/services/disconnect-user.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printChanges } from '../administration/print-changes.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { failForLeft } from './delete-command.js'

type DisconnectFlags = TenantFlags & YesFlag & { readonly account: string }

/** `authsec service disconnect`. */
export function disconnectCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('disconnect', 'Ends the sign-in of one user at a service, and takes their tokens back there')
    .argument('<name>')
    .requiredOption('--account <email>', 'whose sign-in it is')
    .option('--yes', 'without asking')
    .action(async (name: string, flags: DisconnectFlags) => {
      const place = { env, tenant: flags.tenant }
      const { left, ...changed } = await disconnectUser(place, { name, email: flags.account }, agreement(flags))
      await printChanges(changed, flags)
      failForLeft(left)
    })
}
