import { Command, InvalidArgumentError, Option } from 'commander'
import { eraseFromAudit, type Erased, type ErasedPerson } from '../../app/audit/erase-audit.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'
import { CheckFailedError } from '../exit-code.js'
import { formatErased, leftWords } from './format/format-erased.js'
import { parseNamed } from './trail-flags.js'
import { namesOf, refuseUnreached } from './unreached-trails.js'

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
    .requiredOption('--tenant <slug>', 'the tenant', parseNamed)
    .addOption(
      new Option('--account <email>', 'the account of this address')
        .conflicts(['subject', 'issuer'])
        .argParser(parseNamed),
    )
    .addOption(new Option('--subject <sub>', 'whom tokens call so').argParser(parseNamed))
    .addOption(new Option('--issuer <url>', 'with --subject: tokens of this issuer only').argParser(parseIssuer))
    .option('--yes', 'without asking')
    .option('--json', 'print JSON')
    .action(async ({ json, tenant, ...flags }: EraseFlags) => {
      const person = personIn(flags)
      if (person === undefined) return command.error('error: say --account EMAIL or --subject SUB')
      const erased = await eraseFromAudit(env, { tenant, person, agree: agreement(flags) })
      await printResult(json === true ? printableJson(erased) : formatErased(tenant, erased))
      refuseLeft(erased)
      refuseUnreached(notLooked, erased.unreached)
    })
}

const notLooked = 'it was erased; not looked whether somebody looked for this person in'

/** What is not as it was written matters more than what does not answer, which is named all the same. */
function refuseLeft({ left, unreached }: Erased): void {
  if (left === 0) return
  const silent = unreached.length === 0 ? '' : `; ${notLooked}: ${namesOf(unreached)}`
  throw new CheckFailedError(`${leftWords(left)}${silent}`)
}

function parseIssuer(text: string): string {
  if (/^https?:/.test(text) && URL.canParse(text)) return text
  throw new InvalidArgumentError('It is the URL by which tokens name who has issued them.')
}

function personIn({ account, issuer, subject }: Omit<EraseFlags, 'tenant'>): ErasedPerson | undefined {
  if (account !== undefined) return { account }
  return subject === undefined ? undefined : { subject, issuer }
}
