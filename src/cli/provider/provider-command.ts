import { Command } from 'commander'
import { listProviders, putProvider, removeProvider, showProvider } from '../../app/administration/change-provider.js'
import { testProvider } from '../../app/administration/test-provider.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printChanges } from '../administration/print-changes.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { CheckFailedError } from '../exit-code.js'
import { readClientSecret } from '../issuer/issuer-options.js'
import { printResult } from '../print-result.js'
import { printable, printableJson, printableLine } from '../printable.js'
import { formatProvider, formatProviders, formatReport, providerJson } from './format-provider.js'
import { addProviderOptions, providerIn, type ProviderFlags } from './provider-flags.js'

interface AddFlags extends TenantFlags, ProviderFlags {
  readonly clientSecretFile?: string
  readonly replace?: true
}

/** `authsec provider`: identity providers that users of a tenant sign in with. */
export function providerCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('provider')
    .description('Looks after the identity providers that users of a tenant may sign in with')
    .addCommand(listCommand(env))
    .addCommand(showCommand(env))
    .addCommand(addCommand(env))
    .addCommand(testCommand(env))
    .addCommand(removeCommand(env))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('list', 'Lists the providers, of all tenants unless one is named').action(
    async (flags: TenantFlags) => {
      const found = await listProviders({ env, tenant: flags.tenant })
      await printResult(flags.json === true ? printableJson(found.map(providerJson)) : formatProviders(found))
    },
  )
}

function showCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('show', 'Shows all that is decided about a provider, defaults included')
    .argument('<name>')
    .action(async (name: string, flags: TenantFlags) => {
      const found = await showProvider({ env, tenant: flags.tenant }, name)
      await printResult(flags.json === true ? printableJson(providerJson(found)) : formatProvider(found))
    })
}

function addCommand(env: NodeJS.ProcessEnv): Command {
  return addProviderOptions(tenantCommand('add', 'Puts a provider on the sign-in page of a tenant, at once'))
    .argument('<name>', 'what its button says after "Continue with"')
    .option('--replace', 'in place of one of that name')
    .action(async (name: string, flags: AddFlags) => {
      const { clientSecretFile, json, replace, tenant, ...rest } = flags
      const wanted = providerIn(name, rest, await readClientSecret(clientSecretFile))
      const changed = await putProvider({ env, tenant }, wanted, replace === true ? 'any' : 'new')
      console.error(printableLine(`redirect URI to register there: ${changed.redirectUri}`))
      await printChanges(changed, { ...(json === true ? { json } : {}) })
    })
}

function testCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('test', 'Asks a provider all that can be asked without a user, and says what is in the way')
    .argument('<name>')
    .action(async (name: string, flags: TenantFlags) => {
      const report = await testProvider({ env, tenant: flags.tenant }, name)
      await printResult(flags.json === true ? printableJson(report) : printable(formatReport(report)))
      const { problems } = report
      if (problems.length > 0) {
        throw new CheckFailedError(
          `${problems.length} ${problems.length === 1 ? 'thing stands' : 'things stand'} in the way`,
        )
      }
    })
}

function removeCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('remove', 'Takes a provider off the sign-in page of a tenant; accounts stay')
    .argument('<name>')
    .option('--yes', 'without asking')
    .action(async (name: string, flags: TenantFlags & YesFlag) => {
      const changes = await removeProvider({ env, tenant: flags.tenant }, name, agreement(flags))
      await printChanges({ changes }, flags)
    })
}
