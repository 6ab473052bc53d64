import { Command } from 'commander'
import { changeTenant } from '../../app/administration/change-tenant.js'
import { showAccount, type ShownAccount } from '../../app/administration/show-tenant.js'
import { listAccounts, type ListedAccount } from '../../app/list-accounts.js'
import { identityWords } from '../../core/administration/account-identity.js'
import { wordsOf } from '../../core/administration/plan-links.js'
import type { AccountWish } from '../../core/administration/wish.js'
import { categories } from '../../core/permission/grants.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { addGrantOptions, grantsIn, type GrantFlags } from '../administration/grant-flags.js'
import { printChanges } from '../administration/print-changes.js'
import { addPasswordOptions, readPassword, type PasswordFlags } from '../administration/read-password.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { formatTable } from '../format-table.js'
import { importCommand } from '../import/import-command.js'
import { accountShape } from '../import/import-shape.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'
import { consentCommand } from './consent-command.js'
import { factorCommand } from './factor-command.js'
import { identityCommand } from './identity-command.js'
import { inviteCommand, resetCommand } from './link-commands.js'

interface ListFlags {
  readonly tenant?: string
  readonly json?: true
}

/** `authsec account`: the accounts of the tenants' databases. */
export function accountCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('account')
    .description('Looks after accounts')
    .addCommand(listCommand(env))
    .addCommand(showCommand(env))
    .addCommand(addCommand(env))
    .addCommand(passwordCommand(env))
    .addCommand(inviteCommand(env))
    .addCommand(resetCommand(env))
    .addCommand(
      changeCommand(env, 'disable', {
        description: 'Shuts accounts out: what they call is refused from then on',
        wish: { presence: 'known', status: 'disabled' },
      }),
    )
    .addCommand(
      changeCommand(env, 'enable', {
        description: 'Lets accounts in again that were disabled',
        wish: { presence: 'known', status: 'active' },
      }),
    )
    .addCommand(
      changeCommand(env, 'remove', {
        description: 'Removes accounts with all that they are assigned',
        wish: { presence: 'absent' },
      }).option('--yes', 'without asking'),
    )
    .addCommand(factorCommand(env))
    .addCommand(identityCommand(env))
    .addCommand(consentCommand(env))
    .addCommand(importCommand(env, accountShape))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('list')
    .description('Lists accounts with what they are granted')
    .option('--tenant <slug>', 'of one tenant only')
    .option('--json', 'print JSON')
    .action(async (flags: ListFlags) => {
      const accounts = await listAccounts(env, flags.tenant)
      await printResult(flags.json === true ? printableJson(accounts) : formatTable(header, accounts.map(row)))
    })
}

const header = ['TENANT', 'EMAIL', 'ROLES', 'GROUPS', 'SCOPES', 'RESOURCES', 'PERMISSIONS', 'STATUS']

function row(account: ListedAccount): readonly string[] {
  const { tenant, email, roles, groups, scopes, resources, permissions, disabled } = account
  const lists = [roles, groups, scopes, resources, permissions].map((names) => names.join(' ') || '-')
  return [tenant, email, ...lists, disabled ? 'disabled' : 'active']
}

function showCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('show', 'Shows an account: what it is assigned itself, and all that it holds')
    .argument('<email>')
    .action(async (email: string, flags: TenantFlags) => {
      const account = await showAccount({ env, ...flags }, email)
      await printResult(flags.json === true ? printableJson(account) : formatAccount(account))
    })
}

function formatAccount({
  assigned,
  email,
  holds,
  id,
  identities,
  name,
  password,
  status,
  tenant,
}: ShownAccount): string {
  const rows = [
    ['EMAIL', email],
    ['NAME', name ?? '-'],
    ['TENANT', tenant],
    ['ID', id],
    ['STATUS', status],
    ['PASSWORD', password],
    ['ASSIGNED', wordsOf(assigned).join(', ') || '-'],
    ['HOLDS', wordsOf(holds).join(', ') || '-'],
    ['IDENTITIES', identities.map(identityWords).join(', ') || '-'],
  ]
  return formatTable(['WHAT', 'VALUE'], rows)
}

function addCommand(env: NodeJS.ProcessEnv): Command {
  const command = tenantCommand('add', 'Adds an account').argument('<email>').option('--name <name>', 'how it is shown')
  return addGrantOptions(addPasswordOptions(command), categories).action(
    async (email: string, flags: TenantFlags & GrantFlags & PasswordFlags & { readonly name?: string }) => {
      const { name, tenant } = flags
      const { generated, hash } = await readPassword(flags, { env, tenant, email, name })
      const wish: AccountWish = {
        kind: 'account',
        email,
        presence: 'new',
        name,
        give: grantsIn(flags),
        password: { hash },
      }
      const changed = await changeTenant({ env, tenant: flags.tenant }, [wish], agreement({}))
      await printChanges({ ...changed, password: generated }, flags)
    },
  )
}

function passwordCommand(env: NodeJS.ProcessEnv): Command {
  const command = tenantCommand('set-password', 'Gives an account another password, or none').argument('<email>')
  return addPasswordOptions(command).action(async (email: string, flags: TenantFlags & PasswordFlags) => {
    const { generated, hash } = await readPassword(flags, { env, tenant: flags.tenant, email })
    const wish: AccountWish = { kind: 'account', email, presence: 'known', password: { hash } }
    const changed = await changeTenant({ env, tenant: flags.tenant }, [wish], agreement({}))
    await printChanges({ ...changed, password: generated }, flags)
  })
}

interface AccountChange {
  readonly description: string
  readonly wish: Pick<AccountWish, 'presence' | 'status'>
}

function changeCommand(env: NodeJS.ProcessEnv, verb: string, { description, wish }: AccountChange): Command {
  return tenantCommand(verb, description)
    .argument('<email...>')
    .action(async (emails: readonly string[], flags: TenantFlags & YesFlag) => {
      const wishes = [...new Set(emails)].map((email): AccountWish => ({ kind: 'account', email, ...wish }))
      await printChanges(await changeTenant({ env, ...flags }, wishes, agreement(flags)), flags)
    })
}
