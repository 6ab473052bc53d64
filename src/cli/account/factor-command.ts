import { Command } from 'commander'
import {
  demandFactor,
  listFactors,
  removeFactors,
  type ListedFactors,
} from '../../app/administration/account-factors.js'
import { RefusedError } from '../../app/refused-error.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { refuseLeft, signedOutWords } from '../administration/signed-out.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson, printableLine } from '../printable.js'

/** `authsec account factor`: what accounts prove themselves with besides their password. */
export function factorCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('factor')
    .description('Looks after second factors: authenticator apps and passkeys')
    .addCommand(listCommand(env))
    .addCommand(removeCommand(env))
    .addCommand(
      demandCommand(env, {
        verb: 'require',
        description:
          'Lets nobody in without a second factor: who is signed in is signed out, and sets one up at the next sign-in',
        demand: 'required',
      }),
    )
    .addCommand(
      demandCommand(env, {
        verb: 'waive',
        description: 'Lets those in who have no second factor; whoever has one is still asked for it',
        demand: 'optional',
      }),
    )
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('list', 'Lists who has which second factors, and who has to')
    .argument('[email]', 'one account only')
    .action(async (email: string | undefined, { json, tenant }: TenantFlags) => {
      const factors = await listFactors({ env, tenant }, email)
      await printResult(json === true ? printableJson(factors) : formatFactors(factors))
    })
}

function formatFactors(factors: readonly ListedFactors[]): string {
  const rows = factors.map(({ demand, email, kinds, used }) => [email, kinds.join(' ') || '-', demand, used ?? '-'])
  return formatTable(['EMAIL', 'FACTORS', 'DEMAND', 'LAST USED'], rows)
}

function removeCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('remove', 'Takes all second factors and recovery codes off an account, as for a lost device')
    .argument('<email>')
    .option('--yes', 'without asking')
    .action(async (email: string, flags: TenantFlags & YesFlag) => {
      const { json, tenant } = flags
      const { kinds: removed, sessions } = await removeFactors({ env, tenant }, email, agreement(flags))
      const words = `removed of ${email}: ${removed.join(', ')}; ${signedOutWords(sessions)}`
      await printResult(json === true ? printableJson({ email, removed, sessions }) : printableLine(words))
      refuseLeft(sessions)
    })
}

interface Demand {
  readonly verb: 'require' | 'waive'
  readonly description: string
  readonly demand: 'required' | 'optional'
}

interface DemandFlags extends TenantFlags, YesFlag {
  readonly everybody?: true
}

function demandCommand(env: NodeJS.ProcessEnv, { demand, description, verb }: Demand): Command {
  const command = tenantCommand(verb, description)
    .argument('[email]', 'one account')
    .option('--everybody', 'every account of the tenant')
  if (demand === 'required') command.option('--yes', 'without asking')
  return command.action(async (email: string | undefined, flags: DemandFlags) => {
    const { everybody, json, tenant } = flags
    if ((email === undefined) !== (everybody === true)) throw new RefusedError('name an account, or say --everybody')
    const agree = agreement(flags)
    const { changed, sessions } = await demandFactor({ env, tenant }, { email, demand, agree })
    const answer = { account: email ?? 'everybody', demand, changed, sessions }
    const ended = sessions === undefined ? '' : `; ${signedOutWords(sessions)}`
    const words = `a second factor is ${demand} for ${email ?? 'everybody'}${changed ? '' : ', as it was'}${ended}`
    await printResult(json === true ? printableJson(answer) : printableLine(words))
    refuseLeft(sessions)
  })
}
