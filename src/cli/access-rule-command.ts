import { Command, Option } from 'commander'
import { changeTenant } from '../app/administration/change-tenant.js'
import { showRule } from '../app/administration/show-tenant.js'
import type { AccessRule } from '../core/administration/wish.js'
import { agreement, type YesFlag } from './administration/agree.js'
import { collect } from './administration/grant-flags.js'
import { printChanges } from './administration/print-changes.js'
import { tenantCommand, type TenantFlags } from './administration/tenant-command.js'
import { formatTable } from './format-table.js'
import { printResult } from './print-result.js'
import { printableJson } from './printable.js'

interface SetFlags extends TenantFlags, YesFlag {
  readonly grants?: 'assigned' | 'catalogue' | 'by-issuer'
  readonly signUp?: AccessRule['signUp']
  readonly signUpDomain?: readonly string[]
  /** `false` for `--no-sign-up-role`. */
  readonly signUpRole?: readonly string[] | boolean
}

/** `authsec access-rule`: how a tenant grants. */
export function accessRuleCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('access-rule')
    .description('Looks after how a tenant grants, and who may enter without an account')
    .addCommand(showCommand(env))
    .addCommand(setCommand(env))
}

function showCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('show', 'Shows how the tenant grants').action(async (flags: TenantFlags) => {
    const rule = await showRule({ env, tenant: flags.tenant })
    await printResult(flags.json === true ? printableJson(rule) : formatRule(rule))
  })
}

function formatRule({ grants, signUp, signUpDomains, signUpRoles }: AccessRule): string {
  const row = [grants, signUp, signUpDomains.join(', ') || '-', signUpRoles.join(', ') || '-']
  return formatTable(['GRANTS', 'SIGN-UP', 'DOMAINS OF SIGN-UP', 'ROLES OF SIGN-UP'], [row])
}

function setCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('set', 'Says how the tenant grants; what is not named stays')
    .addOption(
      new Option(
        '--grants <source>',
        'what counts as granted: what accounts are assigned, or whatever the tenant knows',
      ).choices(['assigned', 'catalogue', 'by-issuer']),
    )
    .addOption(
      new Option(
        '--sign-up <who>',
        'who enters without an account: domains are for those who sign in with a provider of the tenant (authsec provider)',
      ).choices(['nobody', 'domains', 'everybody']),
    )
    .option(
      '--sign-up-domain <domain>',
      'a domain of verified e-mail addresses; again for each further one, in place of those before',
      collect,
    )
    .option('--sign-up-role <name>', 'a role of those; again for each further one, in place of those before', collect)
    .option('--no-sign-up-role', 'they have no role')
    .option('--yes', 'open the tenant without asking')
    .action(async (flags: SetFlags) => {
      const { grants, signUp, signUpDomain, signUpRole } = flags
      const rule: Partial<AccessRule> = {
        ...(grants === undefined ? {} : { grants: grants === 'by-issuer' ? 'by issuer' : grants }),
        ...(signUp === undefined ? {} : { signUp }),
        ...(signUpDomain === undefined ? {} : { signUpDomains: [...new Set(signUpDomain)] }),
        ...(signUpRole === false ? { signUpRoles: [] } : {}),
        ...(typeof signUpRole === 'object' ? { signUpRoles: [...new Set(signUpRole)] } : {}),
      }
      const changed = await changeTenant(
        { env, tenant: flags.tenant },
        [{ kind: 'access rule', rule }],
        agreement(flags),
      )
      await printChanges(changed, flags)
    })
}
