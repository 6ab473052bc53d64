import { extname } from 'node:path'
import { Command, Option } from 'commander'
import { exportAudit, refuseUnread, type AuditAnswer, type AuditQuestion } from '../../app/audit/read-audit.js'
import { interruptible } from '../interruptible.js'
import { openResultStream } from '../result-stream.js'
import { writePrivateResult } from '../write-private-result.js'
import { formatOf, parseLimit, questionOf, withAuditFlags, type AuditFlags } from './audit-flags.js'
import { counted } from './format/counted.js'
import { parseNamed } from './trail-flags.js'
import { auditFormats, linesOf, type AuditFormat, type AuditLines } from './format/audit-format.js'

const printedCharacters = 64 * 1024

interface ExportFlags extends AuditFlags {
  readonly limit?: number
  readonly output?: string
  readonly force?: true
}

/** `authsec audit export`. */
export function exportCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('export')
    .description('Writes rows of the audit trail, the oldest first, one database after the other')
    .addOption(new Option('--limit <rows>', 'so many at most (default: all)').argParser(parseLimit))
    .addOption(
      new Option(
        '--output <file>',
        'into a file that only its owner can read, whole or not at all (default: to the output)',
      ).argParser(parseNamed),
    )
    .option('--force', 'replace the file where it is there already')
  return withAuditFlags(command).action(async (flags: ExportFlags) => {
    const lines = linesOf(formatOf(flags) ?? formatByName(flags.output))
    const question = { ...questionOf(flags), limit: flags.limit }
    const { found: rows, unread } = await interruptible((signal) =>
      write(env, { ...question, signal }, { ...flags, lines }),
    )
    console.error(`${counted(rows, 'row')}${flags.output === undefined ? '' : ` in ${flags.output}`}`)
    refuseUnread(unread)
  })
}

function formatByName(file: string | undefined): AuditFormat {
  const ending = file === undefined ? '' : extname(file).slice(1).toLowerCase()
  return auditFormats.find((format) => format === ending) ?? 'jsonl'
}

interface Place extends Pick<ExportFlags, 'force' | 'output'> {
  readonly lines: AuditLines
}

async function write(
  env: NodeJS.ProcessEnv,
  question: AuditQuestion,
  { force, lines, output }: Place,
): Promise<AuditAnswer<number>> {
  if (output === undefined) return print(env, question, lines)
  const existing = force === true ? 'replaced' : 'refused'
  return writePrivateResult({ path: output, existing, flag: '--force' }, async (add) => {
    await add(lines.head)
    const answer = await exportAudit(env, question, async (record) => {
      await add(lines.line(record))
      return 'more'
    })
    refuseUnread(answer.unread)
    return answer
  })
}

/** Several at a time: whoever reads is asked less often whether they have it. */
async function print(
  env: NodeJS.ProcessEnv,
  question: AuditQuestion,
  { head, line }: AuditLines,
): Promise<AuditAnswer<number>> {
  const send = openResultStream()
  let waiting = head
  const answer = await exportAudit(env, question, async (record) => {
    waiting += line(record)
    if (waiting.length < printedCharacters) return 'more'
    const text = waiting
    waiting = ''
    return send(text)
  })
  await send(waiting)
  return answer
}
