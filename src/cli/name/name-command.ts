import { Command } from 'commander'
import { changeTenant } from '../../app/administration/change-tenant.js'
import { shortList } from '../../app/administration/short-list.js'
import { listNames, showName, type ListedName } from '../../app/administration/show-tenant.js'
import { wordsOf } from '../../core/administration/plan-links.js'
import type { NameUsage } from '../../core/administration/tenant-administration.js'
import { carriable, type NameWish } from '../../core/administration/wish.js'
import { nounOf, type Category } from '../../core/permission/grants.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { addGrantOptions, grantsIn, type GrantFlags } from '../administration/grant-flags.js'
import { printChanges } from '../administration/print-changes.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { formatTable } from '../format-table.js'
import { nameShape } from '../import/import-shape.js'
import { importCommand } from '../import/import-command.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'

type NameFlags = TenantFlags & YesFlag

/** `authsec role`, `group`, `scope`, `resource` and `permission`: what a tenant has to grant. */
export function nameCommand(env: NodeJS.ProcessEnv, category: Category): Command {
  const noun = nounOf(category)
  const command = new Command(noun)
    .description(`Looks after the ${category} that a tenant has to grant`)
    .addCommand(listCommand(env, category))
    .addCommand(showCommand(env, category))
    .addCommand(changeCommand(env, { category, presence: 'present' }))
    .addCommand(changeCommand(env, { category, presence: 'absent' }))
    .addCommand(importCommand(env, nameShape(category)))
  if (carriable[category].length === 0) return command
  return command
    .addCommand(carryCommand(env, { category, direction: 'give' }))
    .addCommand(carryCommand(env, { category, direction: 'take' }))
}

function listCommand(env: NodeJS.ProcessEnv, category: Category): Command {
  return tenantCommand('list', `Lists the ${category}, how many accounts hold each, and what it brings along`).action(
    async (flags: NameFlags) => {
      const names = await listNames({ env, ...flags }, category)
      await printResult(flags.json === true ? printableJson(names) : formatNames(names))
    },
  )
}

function formatNames(names: readonly ListedName[]): string {
  const rows = names.map(({ accounts, carries, name }) => [name, String(accounts), wordsOf(carries).join(', ') || '-'])
  return formatTable(['NAME', 'ACCOUNTS', 'BRINGS ALONG'], rows)
}

function showCommand(env: NodeJS.ProcessEnv, category: Category): Command {
  return tenantCommand('show', `Shows a ${nounOf(category)} with all that hangs on it`)
    .argument('<name>')
    .action(async (name: string, flags: NameFlags) => {
      const usage = await showName({ env, ...flags }, category, name)
      await printResult(flags.json === true ? printableJson({ name, ...usage }) : formatUsage(name, usage))
    })
}

function formatUsage(name: string, { accounts, carriedBy, carries, signUp }: NameUsage): string {
  const rows = [
    ['NAME', name],
    ['BRINGS ALONG', wordsOf(carries).join(', ') || '-'],
    ['COMES WITH', [...carriedBy.roles, ...carriedBy.groups].join(', ') || '-'],
    ['SIGN-UP', signUp],
    ['ACCOUNTS', shortList(accounts) || '-'],
  ]
  return formatTable(['WHAT', 'VALUE'], rows)
}

function changeCommand(
  env: NodeJS.ProcessEnv,
  { category, presence }: Pick<NameWish, 'category'> & { readonly presence: 'present' | 'absent' },
): Command {
  const verb = presence === 'present' ? 'add' : 'remove'
  const description = presence === 'present' ? `Adds ${category}` : `Removes ${category}, from whatever holds them too`
  const command = tenantCommand(verb, description).argument('<name...>')
  if (presence === 'absent') command.option('--yes', 'remove also what is in use, without asking')
  return command.action(async (names: readonly string[], flags: NameFlags) => {
    const wishes = [...new Set(names)].map((name): NameWish => ({ kind: 'name', category, name, presence }))
    await printChanges(await changeTenant({ env, ...flags }, wishes, agreement(flags)), flags)
  })
}

function carryCommand(
  env: NodeJS.ProcessEnv,
  { category, direction }: { readonly category: Category; readonly direction: 'give' | 'take' },
): Command {
  const noun = nounOf(category)
  const description =
    direction === 'give' ? `Lets a ${noun} bring names along` : `Lets a ${noun} bring names along no more`
  const command = tenantCommand(direction === 'give' ? 'carry' : 'uncarry', description).argument(
    '<name>',
    `the ${noun}`,
  )
  return addGrantOptions(command, carriable[category]).action(async (name: string, flags: NameFlags & GrantFlags) => {
    const wish: NameWish = { kind: 'name', category, name, presence: 'known', [direction]: grantsIn(flags) }
    await printChanges(await changeTenant({ env, ...flags }, [wish], agreement(flags)), flags)
  })
}
