import { Command } from 'commander'
import { listIssuers, removeIssuer, showIssuer } from '../../app/administration/change-issuer.js'
import { agreement, type YesFlag } from '../administration/agree.js'
import { printChanges } from '../administration/print-changes.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'
import { addCommand } from './add-command.js'
import { testCommand } from './test-command.js'
import { formatIssuer, formatIssuers, issuerJson } from './format-issuer.js'

interface JsonFlag {
  readonly json?: true
}

/** `authsec issuer`: identity providers whose access tokens are accepted. */
export function issuerCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('issuer')
    .description('Looks after the identity providers whose access tokens are accepted, besides those in code')
    .addCommand(listCommand(env))
    .addCommand(showCommand(env))
    .addCommand(addCommand(env))
    .addCommand(removeCommand(env))
    .addCommand(testCommand(env))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return withJson('list', 'Lists the issuers of AUTHSEC_ISSUERS and of the database').action(
    async (flags: JsonFlag) => {
      const found = await listIssuers(env)
      await printResult(flags.json === true ? printableJson(found.map(issuerJson)) : formatIssuers(found))
    },
  )
}

function showCommand(env: NodeJS.ProcessEnv): Command {
  return withJson('show', 'Shows exactly how far an issuer is trusted, defaults included')
    .argument('<issuer>')
    .action(async (issuer: string, flags: JsonFlag) => {
      const found = await showIssuer(env, issuer)
      await printResult(flags.json === true ? printableJson(issuerJson(found)) : formatIssuer(found))
    })
}

function removeCommand(env: NodeJS.ProcessEnv): Command {
  return withJson('remove', 'Takes an issuer out of the database; servers refuse its tokens a second later')
    .argument('<issuer>')
    .option('--yes', 'without asking')
    .action(async (issuer: string, flags: JsonFlag & YesFlag) => {
      await printChanges({ changes: await removeIssuer(env, issuer, agreement(flags)) }, flags)
    })
}

function withJson(name: string, description: string): Command {
  return new Command(name).description(description).option('--json', 'print JSON')
}
