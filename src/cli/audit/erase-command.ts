import { Command, Option } from 'commander'
import { eraseFromAudit, type ErasedPerson } from '../../app/audit/erase-audit.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'

interface EraseFlags extends YesFlag {
  readonly tenant: string
  readonly account?: string
  readonly subject?: string
  readonly issuer?: string
  readonly json?: true
}

/** `authsec audit erase`. */
export function eraseCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('erase')
  return command
    .description('Takes what is on record of a person out of the audit trail; what is left can still be verified')
    .requiredOption('--tenant <slug>', 'the tenant')
    .addOption(new Option('--account <email>', 'the account of this address').conflicts(['subject', 'issuer']))
    .option('--subject <sub>', 'whom tokens call so')
    .option('--issuer <url>', 'with --subject: tokens of this issuer only')
    .option('--yes', 'without asking')
    .option('--json', 'print JSON')
    .action(async ({ json, tenant, ...flags }: EraseFlags) => {
      const person = personIn(flags)
      if (person === undefined) return command.error('error: say --account EMAIL or --subject SUB')
      const erased = await eraseFromAudit(env, { tenant, person, agree: agreement(flags) })
      const { left, reference, rows, rowsInMaster } = erased
      const words = `${rows} rows of ${tenant} and ${rowsInMaster} of master do not say any more whom they are about (${reference})${left === 0 ? '' : `; ${left} more stay, which are not as they were written: verify the trail`}`
      await printResult(json === true ? printableJson(erased) : words)
    })
}

function personIn({ account, issuer, subject }: Omit<EraseFlags, 'tenant'>): ErasedPerson | undefined {
  if (account !== undefined) return { account }
  return subject === undefined ? undefined : { subject, issuer }
}
