import { Command } from 'commander'
import { endCommand } from './end-command.js'
import { listCommand } from './list-command.js'

/** `authsec session`: whatever lets anybody in. */
export function sessionCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('session')
    .description('Looks after sessions: sign-ins, grants and connections of clients')
    .addCommand(listCommand(env))
    .addCommand(endCommand(env))
}
