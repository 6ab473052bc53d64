import { Command } from 'commander'
import { checkpointCommand } from './checkpoint-command.js'
import { eraseCommand } from './erase-command.js'
import { pruneCommand } from './prune-command.js'
import { verifyCommand } from './verify-command.js'

/** `authsec audit`: what is on record. */
export function auditCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('audit')
    .description('Looks after the audit trail')
    .addCommand(verifyCommand(env))
    .addCommand(checkpointCommand(env))
    .addCommand(pruneCommand(env))
    .addCommand(eraseCommand(env))
}
