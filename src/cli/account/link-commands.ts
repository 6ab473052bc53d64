import type { Command } from 'commander'
import { inviteAccount, resetAccount, type IssuedLink } from '../../app/administration/account-links.js'
import { RefusedError } from '../../app/refused-error.js'
import { categories } from '../../core/permission/grants.js'
import { agreement } from '../administration/agree.js'
import { addGrantOptions, grantsIn, type GrantFlags } from '../administration/grant-flags.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { printResult } from '../print-result.js'
import { printableJson, printableLine } from '../printable.js'

interface LinkFlags extends TenantFlags {
  readonly expires: string
}

const longestDays = 30
const secondsOf: Readonly<Record<string, number>> = { m: 60, h: 60 * 60, d: 24 * 60 * 60 }

/** `authsec account invite`: an account, and the link that its user chooses a password with. */
export function inviteCommand(env: NodeJS.ProcessEnv): Command {
  const command = tenantCommand('invite', 'Prints a link, once, by which a user of a new account chooses a password')
    .argument('<email>')
    .option('--name <name>', 'how it is shown')
    .option('--expires <time>', 'how long the link is good for: 30m, 72h, 7d', '72h')
  return addGrantOptions(command, categories).action(
    async (email: string, flags: LinkFlags & GrantFlags & { readonly name?: string }) => {
      const { name, tenant } = flags
      const seconds = parseTime(flags.expires)
      const agree = agreement({})
      await print(await inviteAccount({ env, tenant, email, name, seconds, give: grantsIn(flags), agree }), flags)
    },
  )
}

/** `authsec account reset`: the link that another password is chosen with. */
export function resetCommand(env: NodeJS.ProcessEnv): Command {
  return tenantCommand('reset', 'Prints a link, once, by which the user of an account chooses another password')
    .argument('<email>')
    .option('--expires <time>', 'how long the link is good for: 30m, 2h, 1d', '2h')
    .action(async (email: string, flags: LinkFlags) => {
      const { tenant } = flags
      await print(await resetAccount({ env, tenant, email, seconds: parseTime(flags.expires) }), flags)
    })
}

/** Throws `RefusedError` for what is no time, and for more than 30 days. */
function parseTime(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  const seconds = Number(count) * (secondsOf[unit] ?? 0)
  if (seconds > 0 && seconds <= longestDays * 24 * 60 * 60) return seconds
  throw new RefusedError(`--expires is a time such as 30m, 72h or 7d, and at most ${longestDays}d`)
}

async function print(link: IssuedLink, { json }: TenantFlags): Promise<void> {
  if (json === true) return printResult(printableJson(link))
  const { email, expires, tenant, url } = link
  console.error(printableLine(`for ${email} of ${tenant} alone; good once, until ${expires}; shown this once`))
  await printResult(printableLine(url))
}
