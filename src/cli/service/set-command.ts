import type { Command } from 'commander'
import { setService } from '../../app/services/change-service.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printChanges } from '../administration/print-changes.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { failForLeft } from './delete-command.js'
import { refuseSecretOptions } from './read-credential.js'
import { addServicePartOptions, servicePartIn, type ServicePartFlags } from './service-flags.js'

type SetFlags = TenantFlags & ServicePartFlags & YesFlag

/** `authsec service set`. */
export function setCommand(env: NodeJS.ProcessEnv): Command {
  const command = tenantCommand('set', 'Changes a part of what is decided about a service, and leaves the rest')
  return refuseSecretOptions(addServicePartOptions(command))
    .argument('<name>')
    .option('--yes', 'without asking, where that gives up a credential')
    .action(async (name: string, flags: SetFlags) => {
      const options = servicePartIn(flags)
      if (Object.keys(options).length === 0) command.error('error: say what is to be another: --help lists what can be')
      const place = { env, tenant: flags.tenant }
      const { left, ...changed } = await setService(place, { name, options }, agreement(flags))
      await printChanges(changed, flags)
      failForLeft(left)
    })
}
