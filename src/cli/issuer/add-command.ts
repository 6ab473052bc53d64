import { Command } from 'commander'
import { putIssuer } from '../../app/administration/change-issuer.js'
import { printChanges } from '../administration/print-changes.js'
import { addDetails, addRules, readClientSecret } from './issuer-options.js'
import { optionsIn, type IssuerFlags } from './issuer-flags.js'

interface AddFlags extends IssuerFlags {
  readonly clientSecretFile?: string
  readonly replace?: true
  readonly json?: true
}

/** `authsec issuer add`. */
export function addCommand(env: NodeJS.ProcessEnv): Command {
  return addDetails(addRules(new Command('add')))
    .description(
      'Puts an issuer into the database: servers accept its tokens a second later, exactly as far as it says',
    )
    .argument('<issuer>', 'iss of its tokens, byte for byte')
    .option('--replace', 'in place of one of that name')
    .option('--json', 'print JSON')
    .action(async (issuer: string, flags: AddFlags) => {
      const options = optionsIn(issuer, flags, await readClientSecret(flags.clientSecretFile))
      await printChanges({ changes: await putIssuer(env, options, flags.replace === true ? 'any' : 'new') }, flags)
    })
}
