import { Command } from 'commander'
import { exportCommand } from './export-command.js'
import { searchCommand } from './search-command.js'
import { tailCommand } from './tail-command.js'

/** `authsec audit`: what is on record. */
export function auditCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('audit')
    .description('Reads the audit trail; that it was read is on record, too')
    .addCommand(searchCommand(env))
    .addCommand(tailCommand(env))
    .addCommand(exportCommand(env))
}
