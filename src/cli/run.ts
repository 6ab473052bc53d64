import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { categories } from '../core/permission/grants.js'
import { accessRuleCommand } from './access-rule-command.js'
import { accountCommand } from './account/account-command.js'
import { applicationCommand } from './application-command.js'
import { exitCodeOf, exitCodes } from './exit-code.js'
import { grantCommand } from './grant-command.js'
import { keysCommand } from './key/keys-command.js'
import { leakTestCommand } from './leak-test-command.js'
import { migrateCommand } from './migrate/migrate-command.js'
import { nameCommand } from './name/name-command.js'
import { graphCommand } from './permission/graph-command.js'
import { lintCommand } from './permission/lint-command.js'
import { matrixCommand } from './permission/matrix-command.js'
import { whoCanCommand } from './permission/who-can-command.js'
import { whyCommand } from './permission/why-command.js'
import { printable } from './printable.js'
import { tenantCommand } from './tenant/tenant-command.js'
import { tokenCommand } from './token-command.js'

/** Runs one command line and answers with its exit code; results go to standard output, everything else to standard error. */
export async function run(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  process.once('SIGINT', () => process.exit(exitCodes.interrupted))
  const program = new Command('authsec')
    .description('Runs and looks after MCP servers that are protected by AuthSec')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
    .addCommand(tokenCommand(env))
    .addCommand(accountCommand(env))
    .addCommand(tenantCommand(env))
    .addCommand(grantCommand(env))
    .addCommand(accessRuleCommand(env))
    .addCommand(applicationCommand(env))
    .addCommand(migrateCommand(env))
    .addCommand(keysCommand(env))
    .addCommand(matrixCommand(env))
    .addCommand(whyCommand(env))
    .addCommand(whoCanCommand(env))
    .addCommand(graphCommand())
    .addCommand(lintCommand(env))
    .addCommand(leakTestCommand())
  for (const category of categories) program.addCommand(nameCommand(env, category))
  for (const command of program.commands) inherit(command, program)
  try {
    await program.parseAsync([...argv])
    return exitCodes.done
  } catch (error) {
    if (!(error instanceof CommanderError))
      console.error(`authsec: ${printable(error instanceof Error ? error.message : String(error))}`)
    return exitCodeOf(error)
  }
}

function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inherit(child, command)
}

function packageVersion(): string {
  const description: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const version: unknown =
    typeof description === 'object' && description !== null ? Reflect.get(description, 'version') : ''
  return String(version)
}
