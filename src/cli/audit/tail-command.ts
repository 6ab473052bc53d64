import { Command, Option } from 'commander'
import { followAudit } from '../../app/audit/follow-audit.js'
import { interruptible } from '../interruptible.js'
import { openResultStream } from '../result-stream.js'
import { formatOf, parseRows, questionOf, withAuditFlags, type AuditFlags } from './audit-flags.js'
import { linesOf, type AuditLines } from './format/audit-format.js'
import { auditHeader, auditLine, auditRow } from './format/audit-table.js'

const asTable: AuditLines = { head: auditLine(auditHeader), line: (record) => auditLine(auditRow(record)) }

/** `authsec audit tail`. */
export function tailCommand(env: NodeJS.ProcessEnv): Command {
  const lines = new Option('-n, --lines <rows>', 'so many of those that are there').argParser(parseRows).default(10)
  const command = new Command('tail')
    .description('Shows the last rows of the audit trail, and every one that comes, until it is interrupted')
    .addOption(lines)
  return withAuditFlags(command).action(async (flags: AuditFlags & { readonly lines: number }) => {
    const question = { ...questionOf(flags), limit: flags.lines }
    const format = formatOf(flags)
    const { head, line } = format === undefined ? asTable : linesOf(format)
    const write = openResultStream()
    await interruptible((signal) =>
      followAudit(env, { ...question, signal }, { begin: () => write(head), show: (record) => write(line(record)) }),
    )
  })
}
