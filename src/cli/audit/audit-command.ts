import { Command } from 'commander'
import { exportCommand } from './export-command.js'
import { searchCommand } from './search-command.js'
import { tailCommand } from './tail-command.js'
import { checkpointCommand } from './checkpoint-command.js'
import { eraseCommand } from './erase-command.js'
import { forgetCommand } from './forget-command.js'
import { pruneCommand } from './prune-command.js'
import { receiversCommand } from './receivers-command.js'
import { verifyCommand } from './verify-command.js'

/** `authsec audit`: what is on record. */
export function auditCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('audit')
    .description('Reads the audit trail, which is on record too, checks it and looks after it')
    .addCommand(searchCommand(env))
    .addCommand(tailCommand(env))
    .addCommand(exportCommand(env))
    .addCommand(verifyCommand(env))
    .addCommand(checkpointCommand(env))
    .addCommand(pruneCommand(env))
    .addCommand(eraseCommand(env))
    .addCommand(receiversCommand(env))
    .addCommand(forgetCommand(env))
}
