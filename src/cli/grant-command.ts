import { Command } from 'commander'
import { changeTenant } from '../app/administration/change-tenant.js'
import { listAssigned } from '../app/administration/show-tenant.js'
import type { AccountFacts } from '../core/administration/tenant-facts.js'
import type { AccountWish } from '../core/administration/wish.js'
import { categories } from '../core/permission/grants.js'
import { agreement } from './administration/agree.js'
import { addGrantOptions, collect, grantsIn, type GrantFlags } from './administration/grant-flags.js'
import { printChanges } from './administration/print-changes.js'
import { tenantCommand, type TenantFlags } from './administration/tenant-command.js'
import { formatTable } from './format-table.js'
import { importCommand } from './import/import-command.js'
import { grantShape } from './import/import-shape.js'
import { printResult } from './print-result.js'
import { printableJson } from './printable.js'

interface ChangeFlags extends TenantFlags, GrantFlags {
  readonly user: readonly string[]
}

/** `authsec grant`: what accounts are assigned themselves. */
export function grantCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('grant')
    .description('Looks after what accounts are assigned')
    .addCommand(listCommand(env))
    .addCommand(changeCommand(env, 'add', 'give'))
    .addCommand(changeCommand(env, 'remove', 'take'))
    .addCommand(importCommand(env, grantShape))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('list', 'Lists what accounts are assigned themselves, without what roles and groups bring along')
    .option('--user <email>', 'one account only')
    .action(async (flags: TenantFlags & { readonly user?: string }) => {
      const accounts = await listAssigned({ env, tenant: flags.tenant }, flags.user)
      const listed = accounts.map(({ assigned, email }) => ({ email, ...assigned }))
      await printResult(flags.json === true ? printableJson(listed) : formatTable(header, accounts.map(row)))
    })
}

const header = ['EMAIL', 'ROLES', 'GROUPS', 'SCOPES', 'RESOURCES', 'PERMISSIONS']

function row({ assigned, email }: AccountFacts): readonly string[] {
  return [email, ...categories.map((category) => assigned[category].join(', ') || '-')]
}

function changeCommand(env: NodeJS.ProcessEnv, verb: 'add' | 'remove', direction: 'give' | 'take'): Command {
  const description = direction === 'give' ? 'Assigns names to accounts' : 'Takes names away that accounts are assigned'
  const command = tenantCommand(verb, description).requiredOption(
    '--user <email>',
    'the account; again for each further one',
    collect,
  )
  return addGrantOptions(command, categories).action(async (flags: ChangeFlags) => {
    const grants = grantsIn(flags)
    if (categories.every((category) => grants[category].length === 0)) {
      command.error('error: name at least one role, group, scope, resource or permission')
    }
    const wishes = [...new Set(flags.user)].map((email): AccountWish => {
      return { kind: 'account', email, presence: 'known', [direction]: grants }
    })
    await printChanges(await changeTenant({ env, tenant: flags.tenant }, wishes, agreement({})), flags)
  })
}
