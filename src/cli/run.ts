import { Command, CommanderError } from 'commander'
import { packageVersion } from '../app/package-version.js'
import { commandsFor } from './commands.js'
import { endingSignals, exitCodeOf, exitCodes } from './exit-code.js'
import { onEndingSignal } from './interruptible.js'
import { printable } from './printable.js'

/** Runs one command line and answers with its exit code; results go to standard output, everything else to standard error. */
export async function run(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // What exits has `exit`, and with it whoever has something to tidy up; what a signal ends has not.
  onEndingSignal((signal) => process.exit(endingSignals[signal]))
  const program = new Command('authsec')
    .description('Runs and looks after MCP servers that are protected by AuthSec')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
  try {
    for (const command of await commandsFor(argv.slice(2), env)) program.addCommand(command)
    for (const command of program.commands) inherit(command, program)
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
