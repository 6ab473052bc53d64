import { InvalidArgumentError, Option, type Command } from 'commander'
import type { AuditQuestion } from '../../app/audit/read-audit.js'
import type { AuditDecision, AuditEventType } from '../../core/audit/audit-event.js'
import { auditEventTypes } from '../../core/audit/format/audit-title.js'
import { auditFormats, type AuditFormat } from './format/audit-format.js'
import { parseMoment } from './parse-moment.js'
import { trailOf, withTrailFlags, type TrailFlags } from './trail-flags.js'

export interface AuditFlags extends TrailFlags {
  readonly since?: Date
  readonly until?: Date
  readonly actor?: string
  readonly operation?: string
  readonly decision?: AuditDecision
  readonly type?: readonly AuditEventType[]
  readonly reason?: string
  readonly ref?: string
  readonly format?: AuditFormat
  readonly json?: true
}

/** Adds what says which rows are meant, and how they look. */
export function withAuditFlags(command: Command): Command {
  return withTrailFlags(command)
    .hook('preAction', () => refuseEmptyTime(command))
    .addOption(
      new Option('--since <time>', 'from then on: RFC 3339, or so long ago, such as 2h or 7d').argParser(moment),
    )
    .addOption(new Option('--until <time>', 'before then').argParser(moment))
    .option('--actor <id>', 'of this subject or client')
    .option('--operation <name>', 'of this tool, resource, prompt or service')
    .addOption(new Option('--decision <word>', 'what was decided').choices(['allowed', 'denied']))
    .addOption(new Option('--type <type...>', 'of these types, such as operation.denied').choices(auditEventTypes))
    .option('--reason <code>', 'with this code, such as ERR_PERMISSION_DENIED')
    .option('--ref <id>', 'of the request with this reference, which callers are shown')
    .addOption(new Option('--format <format>', 'how it is written').choices(auditFormats))
    .addOption(new Option('--json', 'the same as --format jsonl').conflicts('format'))
}

/** What the flags ask for. */
export function questionOf(flags: AuditFlags): Pick<AuditQuestion, 'choice' | 'filter'> {
  const { actor, decision, operation, reason, ref: requestId, since, type: types, until } = flags
  return { choice: trailOf(flags), filter: { actor, decision, operation, reason, requestId, since, types, until } }
}

/** `undefined`: as people read it. */
export function formatOf({ format, json }: AuditFlags): AuditFormat | undefined {
  return json === true ? 'jsonl' : format
}

/** So many rows at most. Throws `InvalidArgumentError`. */
export function parseLimit(text: string): number {
  const rows = parseRows(text)
  if (rows > 0) return rows
  throw new InvalidArgumentError('It is a number of rows, and at least 1.')
}

/** A number of rows. Throws `InvalidArgumentError`. */
export function parseRows(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a number of rows.')
}

/** Nothing is ever found there, which would look as if nothing had happened. */
function refuseEmptyTime(command: Command): void {
  const { since, until } = command.opts<AuditFlags>()
  if (since !== undefined && until !== undefined && since >= until) {
    command.error('error: --since has to be before --until')
  }
}

function moment(text: string): Date {
  return parseMoment(text)
}
