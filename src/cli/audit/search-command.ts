import { Command, Option } from 'commander'
import { refuseUnread, searchAudit } from '../../app/audit/read-audit.js'
import { formatTable } from '../format-table.js'
import { interruptible } from '../interruptible.js'
import { printResult } from '../print-result.js'
import { formatOf, parseLimit, questionOf, withAuditFlags, type AuditFlags } from './audit-flags.js'
import { linesOf } from './format/audit-format.js'
import { auditHeader, auditRow } from './format/audit-table.js'
import { openResultStream } from '../result-stream.js'

/** `authsec audit search`. */
export function searchCommand(env: NodeJS.ProcessEnv): Command {
  const limit = new Option('--limit <rows>', 'so many at most').argParser(parseLimit).default(50)
  const command = new Command('search').description('Shows rows of the audit trail, the newest first').addOption(limit)
  return withAuditFlags(command).action(async (flags: AuditFlags & { readonly limit: number }) => {
    const question = { ...questionOf(flags), limit: flags.limit }
    const { found: records, unread } = await interruptible((signal) => searchAudit(env, { ...question, signal }))
    const format = formatOf(flags)
    if (format === undefined) {
      if (records.length > 0) await printResult(formatTable(auditHeader, records.map(auditRow)))
      else if (unread.length === 0) console.error('nothing on record')
    } else {
      const { head, line } = linesOf(format)
      await openResultStream()(head + records.map(line).join(''))
    }
    refuseUnread(unread)
  })
}
