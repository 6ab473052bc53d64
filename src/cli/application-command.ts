import { Command, InvalidArgumentError } from 'commander'
import { changeApplication, listApplications, showApplication } from '../app/administration/change-application.js'
import type { ApplicationWish, RegisteredApplication } from '../core/administration/application-administration.js'
import type { AdmittedTenants } from '../core/identity/application.js'
import { agreement, type YesFlag } from './administration/agree.js'
import { printChanges } from './administration/print-changes.js'
import { formatTable } from './format-table.js'
import { printResult } from './print-result.js'
import { printableJson } from './printable.js'

interface JsonFlag {
  readonly json?: true
}

interface ChangeFlags extends JsonFlag {
  readonly name?: string
  readonly tenant?: string
  readonly tenants?: AdmittedTenants
}

/** `authsec application`: which servers there are, and whose users they admit. */
export function applicationCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('application')
    .description('Looks after the registered applications: protected servers, known by their client ids')
    .addCommand(listCommand(env))
    .addCommand(showCommand(env))
    .addCommand(addCommand(env))
    .addCommand(setCommand(env))
    .addCommand(removeCommand(env))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return withJson('list', 'Lists the registered applications').action(async (flags: JsonFlag) => {
    await print(await listApplications(env), flags)
  })
}

function showCommand(env: NodeJS.ProcessEnv): Command {
  return withJson('show', 'Shows a registered application')
    .argument('<client-id>')
    .action(async (clientId: string, flags: JsonFlag) => {
      const application = await showApplication(env, clientId)
      if (flags.json === true) await printResult(printableJson(toJson(application)))
      else await print([application], flags)
    })
}

function addCommand(env: NodeJS.ProcessEnv): Command {
  return changing('add', 'Registers an application, as production needs before a server starts')
    .requiredOption('--tenant <slug>', 'the tenant that it belongs to')
    .action(async (clientId: string, flags: ChangeFlags) => {
      const { name, tenant, tenants: admits } = flags
      await change(env, { clientId, presence: 'new', name, tenant, admits }, flags)
    })
}

function setCommand(env: NodeJS.ProcessEnv): Command {
  return changing(
    'set',
    'Gives an application another name or other tenants; servers go by it at the next request',
  ).action(async (clientId: string, flags: ChangeFlags, command: Command) => {
    const { name, tenants: admits } = flags
    if (name === undefined && admits === undefined) {
      command.error('error: say --name or --tenants')
    }
    await change(env, { clientId, presence: 'known', name, admits }, flags)
  })
}

function removeCommand(env: NodeJS.ProcessEnv): Command {
  return withJson('remove', 'Removes the registration of an application')
    .argument('<client-id>')
    .option('--yes', 'without asking')
    .action((clientId: string, flags: JsonFlag & YesFlag) => change(env, { clientId, presence: 'absent' }, flags))
}

async function change(env: NodeJS.ProcessEnv, wish: ApplicationWish, flags: JsonFlag & YesFlag): Promise<void> {
  await printChanges({ changes: await changeApplication(env, wish, agreement(flags)) }, flags)
}

function changing(name: string, description: string): Command {
  return withJson(name, description)
    .argument('<client-id>')
    .option('--name <name>', 'how sign-in pages call it')
    .option(
      '--tenants <which>',
      'whose users may enter: own, any, or slugs separated by commas (at first: own)',
      parseTenants,
    )
}

function withJson(name: string, description: string): Command {
  return new Command(name).description(description).option('--json', 'print JSON')
}

function parseTenants(text: string): AdmittedTenants {
  if (text === 'own' || text === 'any') return text
  const slugs = [...new Set(text.split(','))]
  if (slugs.every((slug) => slug !== '')) return slugs
  throw new InvalidArgumentError('it is own, any, or slugs separated by commas.')
}

async function print(applications: readonly RegisteredApplication[], { json }: JsonFlag): Promise<void> {
  await printResult(json === true ? printableJson(applications.map(toJson)) : format(applications))
}

function toJson({ admits, clientId, name, status, tenant }: RegisteredApplication) {
  return { clientId, name, tenant: tenant.slug, tenants: admits, status }
}

function format(applications: readonly RegisteredApplication[]): string {
  const rows = applications.map(({ admits, clientId, name, status, tenant }) => {
    return [clientId, name, tenant.slug, typeof admits === 'string' ? admits : admits.join(', '), status]
  })
  return formatTable(['CLIENT ID', 'NAME', 'TENANT', 'ADMITS', 'STATUS'], rows)
}
