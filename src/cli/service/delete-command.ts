import type { Command } from 'commander'
import { RefusedError } from '../../app/refused-error.js'
import { deleteService, destroyLeftovers } from '../../app/services/change-service.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printChanges } from '../administration/print-changes.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { CheckFailedError } from '../exit-code.js'
import { printResult } from '../print-result.js'
import { printableJson, printableLine } from '../printable.js'

type DeleteFlags = TenantFlags & YesFlag & { readonly leftovers?: true }

/** `authsec service delete`. */
export function deleteCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('delete', 'Removes a service, and destroys its credential and those of its users')
    .argument('[name]')
    .option('--leftovers', 'instead, destroy the credentials of services and users that are no more')
    .option('--yes', 'without asking')
    .action(async (name: string | undefined, flags: DeleteFlags) => {
      const place = { env, tenant: flags.tenant }
      if ((name === undefined) !== (flags.leftovers === true)) {
        throw new RefusedError('say which service, or --leftovers for what is left of those that are no more')
      }
      if (name === undefined) {
        const { left, warnings, ...found } = await destroyLeftovers(place, agreement(flags))
        for (const warning of warnings) console.error(printableLine(`warning: ${warning}`))
        const text = `${found.destroyed} credentials destroyed in ${found.tenant}`
        await printResult(flags.json === true ? printableJson(found) : text)
        return failForLeft(left)
      }
      const { left, ...changed } = await deleteService(place, name, agreement(flags))
      await printChanges(changed, flags)
      failForLeft(left)
    })
}

/** Throws `CheckFailedError` where credentials that nobody uses any more are still there. */
export function failForLeft(left: readonly string[]): void {
  if (left.length === 0) return
  const reasons = left.join('; ')
  throw new CheckFailedError(
    `not all credentials that are not used any more could be destroyed: ${reasons}. Try again: authsec service delete --leftovers`,
  )
}
