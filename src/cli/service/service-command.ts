import { Command } from 'commander'
import { putService } from '../../app/services/change-service.js'
import { listServices, showService } from '../../app/services/find-service.js'
import { setCredential } from '../../app/services/set-credential.js'
import { testService } from '../../app/services/test-service.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printChanges } from '../administration/print-changes.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { CheckFailedError } from '../exit-code.js'
import { printResult } from '../print-result.js'
import { printable, printableJson } from '../printable.js'
import { deleteCommand, failForLeft } from './delete-command.js'
import { disconnectCommand } from './disconnect-command.js'
import { formatService, formatServiceReport, formatServices, serviceJson } from './format-service.js'
import { readCredential, refuseSecretArguments, refuseSecretOptions } from './read-credential.js'
import { rotateCommand } from './rotate-command.js'
import { setCommand } from './set-command.js'
import { addServiceOptions, serviceOptionsIn, type ServiceFlags } from './service-flags.js'

type AddFlags = TenantFlags & ServiceFlags & YesFlag & { readonly replace?: true }

interface CredentialFlags extends TenantFlags {
  readonly fromFile?: string
  readonly username?: string
  readonly clientId?: string
}

/** `authsec service`: services of others that operations of a tenant use. */
export function serviceCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('service')
    .description('Looks after the external services that operations use, and their credentials')
    .addCommand(listCommand(env))
    .addCommand(showCommand(env))
    .addCommand(addCommand(env))
    .addCommand(setCommand(env))
    .addCommand(credentialCommand(env))
    .addCommand(rotateCommand(env))
    .addCommand(testCommand(env))
    .addCommand(disconnectCommand(env))
    .addCommand(deleteCommand(env))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('list', 'Lists the services, of all tenants unless one is named').action(
    async (flags: TenantFlags) => {
      const found = await listServices({ env, tenant: flags.tenant })
      await printResult(flags.json === true ? printableJson(found.map(serviceJson)) : formatServices(found))
    },
  )
}

function showCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand(
    'show',
    'Shows all that is decided about a service, and of its credential only which version is used',
  )
    .argument('<name>')
    .action(async (name: string, flags: TenantFlags) => {
      const found = await showService({ env, tenant: flags.tenant }, name)
      await printResult(flags.json === true ? printableJson(serviceJson(found)) : formatService(found))
    })
}

function addCommand(env: NodeJS.ProcessEnv): Command {
  const command = tenantCommand('add', 'Puts a service into a tenant; its credential comes with set-credential')
  return refuseSecretOptions(addServiceOptions(command))
    .argument('<name>', 'what operations call it')
    .option('--replace', 'in place of one of that name')
    .option('--yes', 'without asking, where that gives up a credential')
    .action(async (name: string, flags: AddFlags) => {
      const presence = flags.replace === true ? 'any' : 'new'
      const wanted = { name, presence, options: serviceOptionsIn(flags) } as const
      const { left, ...changed } = await putService({ env, tenant: flags.tenant }, wanted, agreement(flags))
      await printChanges(changed, flags)
      failForLeft(left)
    })
}

function credentialCommand(env: NodeJS.ProcessEnv): Command {
  const description =
    'Gives a service its credential, from standard input: key, token, password or client secret, one line'
  return refuseSecretOptions(tenantCommand('set-credential', description))
    .argument('<name>')
    .argument('[more...]')
    .option('--from-file <file>', 'it is what the file holds; - for standard input')
    .option('--username <name>', 'basic_auth: whom the password is of')
    .option('--client-id <id>', 'oauth2: whom the client secret is of')
    .action(async (name: string, more: readonly string[], flags: CredentialFlags) => {
      refuseSecretArguments(more)
      const { clientId, fromFile, username } = flags
      const readSecret = (member: string): Promise<string> => readCredential(fromFile, member)
      const { version: _version, ...changed } = await setCredential(
        { env, tenant: flags.tenant },
        { name, username, clientId, readSecret },
      )
      await printChanges(changed, flags)
    })
}

function testCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('test', 'Sends a service one GET with its credential, and says what status it answers with')
    .argument('<name>')
    .option('--path <path>', 'below its URL', '/')
    .action(async (name: string, flags: TenantFlags & { readonly path: string }) => {
      const report = await testService({ env, tenant: flags.tenant }, name, flags.path)
      await printResult(flags.json === true ? printableJson(report) : printable(formatServiceReport(report)))
      const [problem] = report.problems
      if (problem !== undefined) throw new CheckFailedError(`${name}: ${problem}`)
    })
}
