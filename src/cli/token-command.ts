import { Command } from 'commander'
import { issueDevelopmentToken } from '../app/development/issue-development-token.js'

interface TokenFlags {
  readonly user: string
  readonly tenant?: string
  readonly audience?: string
  readonly scope?: string
  readonly json?: true
}

/** `authsec token`: one access token on standard output, in development mode. */
export function tokenCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('token')
    .description('Prints an access token for a local account (development mode, valid for one hour, on record)')
    .requiredOption('--user <email>', 'the account')
    .option('--tenant <slug>', 'its tenant, where several have the address')
    .option('--audience <url>', "the server the token is for (default: the running server's /mcp)")
    .option('--scope <scopes>', 'scopes to ask for, separated by spaces (default: all of the account)')
    .option('--json', 'print JSON')
    .action(async (flags: TokenFlags) => {
      const token = await issueDevelopmentToken({ ...flags, env })
      console.log(flags.json === true ? JSON.stringify({ access_token: token, token_type: 'Bearer' }) : token)
    })
}
