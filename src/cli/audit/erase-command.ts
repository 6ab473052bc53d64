import { Command, Option } from 'commander'
import { eraseFromAudit, type Erased, type ErasedPerson } from '../../app/audit/erase-audit.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'
import { counted } from './counted.js'
import { refuseUnreached } from './unreached-trails.js'

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
      await printResult(json === true ? printableJson(erased) : erasedWords(tenant, erased))
      refuseUnreached('it was erased; not looked whether somebody looked for this person in', erased.unreached)
    })
}

function erasedWords(
  tenant: string,
  { left, reference, rows, rowsElsewhere, rowsInMaster, searchedIn }: Erased,
): string {
  const stays =
    left === 0
      ? ''
      : `\n${counted(left, 'row')} of this person stay, which are not as they were written: verify the trail`
  const elsewhere =
    rowsElsewhere === 0
      ? ''
      : `\n${counted(rowsElsewhere, 'row')} of other tenants do not say any more that an administrator looked for this person`
  const words = `erased from ${counted(rows, 'row')} of ${tenant} and ${counted(rowsInMaster, 'row')} of master, which do not say any more whom they are about (${reference})${elsewhere}${stays}`
  if (searchedIn.length === 0) return words
  const names = searchedIn.join(', ')
  return `${words}\nThat an administrator looked for this person is still on record in: ${names}; by a name that somebody else may have there: if it is this person, erase it there with --tenant and --subject or --account`
}

function personIn({ account, issuer, subject }: Omit<EraseFlags, 'tenant'>): ErasedPerson | undefined {
  if (account !== undefined) return { account }
  return subject === undefined ? undefined : { subject, issuer }
}
