import type { Command } from 'commander'
import { RefusedError } from '../../app/refused-error.js'
import { rotateService } from '../../app/services/rotation/rotate-service.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { CheckFailedError } from '../exit-code.js'
import { printResult } from '../print-result.js'
import { printable, printableJson, printableLine } from '../printable.js'
import { failureWords, formatRotation } from './format-rotation.js'
import { readCredential, refuseSecretArguments, refuseSecretOptions } from './read-credential.js'

type RotateFlags = TenantFlags & { readonly from?: string }

const description = 'Replaces the credential of a service while the old one goes on, or finishes what was cut off'

/** `authsec service rotate`. */
export function rotateCommand(env: NodeJS.ProcessEnv): Command {
  return refuseSecretOptions(tenantCommand('rotate', description))
    .argument('<name>')
    .argument('[more...]')
    .option(
      '--from <file>',
      'the new key, token, password or client secret, as the service gave it; - for standard input',
    )
    .action(async (name: string, more: readonly string[], flags: RotateFlags) => {
      refuseSecretArguments(more)
      const { from } = flags
      const file = from === '-' ? undefined : from
      const readSecret = from === undefined ? undefined : (member: string) => readCredential(file, member)
      const report = await rotateService({ env, tenant: flags.tenant }, { name, readSecret })
      const { result } = report
      if (result.outcome === 'busy') {
        const advice = `wait, or try again in ${result.seconds} seconds, when it counts as ended`
        throw new RefusedError(`another process is rotating this credential: ${advice}`)
      }
      for (const warning of 'warnings' in result ? result.warnings : [])
        console.error(printableLine(`warning: ${warning}`))
      if (flags.json === true) await printResult(printableJson(report))
      else if (formatRotation(report) !== '') await printResult(printable(formatRotation(report)))
      const failure = failureWords(report)
      if (failure !== undefined) throw new CheckFailedError(failure)
    })
}
