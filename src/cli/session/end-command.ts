import { Command } from 'commander'
import { endSession, endSessions } from '../../app/sessions/end-sessions.js'
import type { ShownSession } from '../../app/sessions/shown-session.js'
import { confirm } from '../confirm.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'

interface EndFlags {
  readonly tenant?: string
  readonly user?: string
  readonly application?: string
  readonly all?: true
  readonly yes?: true
  readonly json?: true
}

/** `authsec session end`. */
export function endCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('end')
    .description(
      'Ends one session, all of a user, all of a tenant or server, or all there are; at every server within a second',
    )
    .argument('[id]', 'of one session, as authsec session list shows it')
    .option('--tenant <slug>', 'the tenant of the session, or of the user')
    .option('--user <email>', 'whatever lets this account in')
    .option('--application <id>', 'of one server only, by its client id')
    .option('--all', 'everything, of the tenant or server where one is named')
    .option('--yes', 'do not ask, however many there are')
    .option('--json', 'print JSON')
  return command.action(async (id: string | undefined, flags: EndFlags) => {
    const fault = faultIn(id, flags)
    if (fault !== undefined) command.error(`error: ${fault}`)
    const ended = id === undefined ? await endMany(env, flags) : await endSession(env, id, flags.tenant)
    await printResult(flags.json === true ? printableJson(ended) : summaryOf(ended))
  })
}

/** Exactly one way to say which. */
function faultIn(id: string | undefined, { all, application, user }: EndFlags): string | undefined {
  const named = [id, user, all].filter((way) => way !== undefined)
  if (named.length !== 1) return 'name one session, or say --user EMAIL or --all'
  return id !== undefined && application !== undefined ? 'a session is named by its id alone' : undefined
}

function endMany(env: NodeJS.ProcessEnv, flags: EndFlags): Promise<readonly ShownSession[]> {
  return endSessions(env, flags, async (sessions) => {
    return flags.yes === true || confirm(`${sessions} sessions ${placeOf(flags)} end at once. Go on?`)
  })
}

function placeOf({ application, tenant, user }: EndFlags): string {
  const of = [user, tenant, application].filter((name) => name !== undefined)
  return of.length === 0 ? 'of everybody' : `of ${of.join(', ')}`
}

function summaryOf(ended: readonly ShownSession[]): string {
  const kinds = [...new Set(ended.map(({ kind }) => kind))].toSorted()
  const counts = kinds.map((kind) => `${kind}: ${ended.filter((session) => session.kind === kind).length}`)
  return ended.length === 0 ? 'nothing to end' : `ended ${ended.length} (${counts.join(', ')})`
}
