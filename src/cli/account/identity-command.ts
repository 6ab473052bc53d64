import { Command } from 'commander'
import { changeTenant } from '../../app/administration/change-tenant.js'
import { listIdentities } from '../../app/administration/show-tenant.js'
import type { AccountIdentity, HeldIdentity } from '../../core/administration/account-identity.js'
import type { AccountWish, Wish } from '../../core/administration/wish.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printChanges } from '../administration/print-changes.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'

type IdentityFlags = TenantFlags & AccountIdentity

/** `authsec account identity`: which users of other issuers accounts are. */
export function identityCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('identity')
    .description('Looks after who accounts are at other issuers: their tokens name users by issuer and subject')
    .addCommand(listCommand(env))
    .addCommand(
      changeCommand(env, 'add', {
        description: 'Lets a user of another issuer in as an account',
        direction: 'identify',
      }),
    )
    .addCommand(
      changeCommand(env, 'remove', {
        description: 'Shuts a user of another issuer out who was an account, at once and until it is forgotten',
        direction: 'forsake',
      }),
    )
    .addCommand(forgetCommand(env))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('list', 'Lists which users of other issuers accounts are, and which are shut out')
    .argument('[email]', 'one account only')
    .action(async (email: string | undefined, flags: TenantFlags) => {
      const identities = await listIdentities({ env, tenant: flags.tenant }, email)
      await printResult(flags.json === true ? printableJson(identities.map(toJson)) : formatIdentities(identities))
    })
}

function toJson({ email, issuer, subject }: HeldIdentity) {
  return { email: email ?? null, issuer, subject }
}

function formatIdentities(identities: readonly HeldIdentity[]): string {
  const rows = identities.map(({ email, issuer, subject }) => [email ?? '- (shut out)', issuer, subject])
  return formatTable(['EMAIL', 'ISSUER', 'SUBJECT'], rows)
}

interface IdentityChange {
  readonly description: string
  readonly direction: 'identify' | 'forsake'
}

function changeCommand(env: NodeJS.ProcessEnv, verb: string, { description, direction }: IdentityChange): Command {
  return withIdentity(tenantCommand(verb, description).argument('<email>')).action(
    async (email: string, { issuer, subject, ...flags }: IdentityFlags) => {
      const wish: AccountWish = { kind: 'account', email, presence: 'known', [direction]: [{ issuer, subject }] }
      await change(env, wish, flags)
    },
  )
}

function forgetCommand(env: NodeJS.ProcessEnv): Command {
  const description = 'Forgets a user who was shut out: where users enter without an account, this one may again'
  return withIdentity(tenantCommand('forget', description))
    .option('--yes', 'without asking')
    .action(async ({ issuer, subject, ...flags }: IdentityFlags & YesFlag) => {
      await change(env, { kind: 'forget identity', identity: { issuer, subject } }, flags)
    })
}

function withIdentity(command: Command): Command {
  return command
    .requiredOption('--issuer <issuer>', 'the issuer, as in iss of its tokens')
    .requiredOption('--subject <subject>', 'the user, as in sub of its tokens')
}

async function change(env: NodeJS.ProcessEnv, wish: Wish, flags: TenantFlags & YesFlag): Promise<void> {
  await printChanges(await changeTenant({ env, tenant: flags.tenant }, [wish], agreement(flags)), flags)
}
