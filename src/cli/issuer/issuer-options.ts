import type { Command } from 'commander'
import { RefusedError } from '../../app/refused-error.js'
import { presetNames } from '../../core/trust/issuer-options.js'
import { signingAlgorithms } from '../../core/trust/trusted-issuer.js'
import { collect } from '../administration/grant-flags.js'
import { readSecretText } from '../read-secret-text.js'

/** The options that say how far an issuer is trusted. */
export function addRules(command: Command): Command {
  return command
    .option('--preset <name>', `what is known of its provider: ${presetNames.join(', ')} (default: generic)`)
    .option(
      '--audience <value>',
      'for whom its tokens have to be: resource, a value, or PATH=VALUE again for each path; always needed',
      collect,
    )
    .option('--other-audience <value>', 'what may stand beside ours; again for each further one', collect)
    .option('--tenant-claim <claim>', 'the claim that the registry knows tenants by (authsec tenant claim add)')
    .option('--tenant <slug>', 'the one tenant that all its tokens are of')
    .option(
      '--claim <what=place>',
      'where it says roles, groups, email and the like: a name, a JSON Pointer, or nothing; again for each further one',
      collect,
    )
    .option('--application <id>', 'for one server only, by its client id')
}

/** The options that only some issuers need. */
export function addDetails(command: Command): Command {
  return command
    .option('--algorithm <name>', `one of ${signingAlgorithms.join(', ')}; again for each further one`, collect)
    .option('--type <typ>', 'typ of the header: at+jwt, jwt or absent; again for each further one', collect)
    .option('--skew <seconds>', 'how far clocks may differ: 60 at most', Number)
    .option('--max-lifetime <seconds>', 'the longest life of a token: a day at most', Number)
    .option('--jwks-url <url>', 'where its keys are, if not where its metadata says')
    .option('--metadata-url <url>', 'where its metadata is, if not at a well-known place')
    .option('--origin <origin>', 'where else its endpoints may be; again for each further one', collect)
    .option('--client-id <id>', 'our client there, to look up tokens that are no JWTs')
    .option('--client-secret-file <file>', 'its secret is what the file holds; - for standard input')
    .option('--introspection-url <url>', 'where to look them up, if not where its metadata says')
    .option('--token-prefix <text>', 'what such tokens start with; needed where several issuers are asked')
    .option('--logout-client-id <id>', 'our client id there: it may end sessions by back-channel logout')
    .option('--group-overage <what>', 'empty or database: what becomes of groups that did not fit into a token')
    .option('--private-network', 'it is in our own network or on this computer')
    .option('--not-advertised', 'clients are not sent there to sign in')
}

const bound = { bytes: 4096, tooLong: 'a client secret has at most 1024 characters' }

/** The secret of our client at an issuer; the line end that editors and `echo` add is none of it. */
export async function readClientSecret(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  const text = (await readSecretText(file === '-' ? undefined : file, bound)).replace(/\r?\n$/, '')
  if (text !== '') return text
  throw new RefusedError(file === '-' ? 'there is no secret on standard input' : `${file} is empty`)
}
