import { Command } from 'commander'
import { listAccounts, type ListedAccount } from '../app/list-accounts.js'
import { formatTable } from './format-table.js'

interface ListFlags {
  readonly tenant?: string
  readonly json?: true
}

/** `authsec account`: the accounts of the tenants' databases. */
export function accountCommand(env: NodeJS.ProcessEnv): Command {
  const list = new Command('list')
    .description('Lists accounts with what they are granted')
    .option('--tenant <slug>', 'of one tenant only')
    .option('--json', 'print JSON')
    .action(async (flags: ListFlags) => {
      const accounts = await listAccounts(env, flags.tenant)
      console.log(flags.json === true ? JSON.stringify(accounts, undefined, 2) : formatTable(header, accounts.map(row)))
    })
  return new Command('account').description('Looks after accounts').addCommand(list)
}

const header = ['TENANT', 'EMAIL', 'ROLES', 'GROUPS', 'SCOPES', 'RESOURCES', 'PERMISSIONS', 'STATUS']

function row(account: ListedAccount): readonly string[] {
  const { tenant, email, roles, groups, scopes, resources, permissions, disabled } = account
  const lists = [roles, groups, scopes, resources, permissions].map((names) => names.join(' ') || '-')
  return [tenant, email, ...lists, disabled ? 'disabled' : 'active']
}
