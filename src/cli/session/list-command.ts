import { Command } from 'commander'
import { listSessions } from '../../app/sessions/list-sessions.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'
import { header, row } from './session-table.js'

interface ListFlags {
  readonly tenant?: string
  readonly user?: string
  readonly application?: string
  readonly json?: true
}

/** `authsec session list`. */
export function listCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('list')
    .description('Lists what lets somebody in: sign-ins, transport sessions, grants of clients, signed-in browsers')
    .option('--tenant <slug>', 'of one tenant only')
    .option('--user <email>', 'of one account only')
    .option('--application <id>', 'of one server only, by its client id')
    .option('--json', 'print JSON')
    .action(async (flags: ListFlags) => {
      const { failure, sessions } = await listSessions(env, flags)
      await printResult(flags.json === true ? printableJson(sessions) : formatTable(header, sessions.map(row)))
      if (failure !== undefined) throw failure
    })
}
