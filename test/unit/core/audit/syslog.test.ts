import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formatSyslog, frameSyslog } from '../../../../src/core/audit/format/format-syslog.js'
import { formatJsonLine } from '../../../../src/core/audit/format/format-json-line.js'
import { printableLine } from '../../../../src/core/text/printable.js'
import { auditRecord, text, usualRecord } from './random-audit-record.js'

const origin = { version: '1.2.3', host: 'web-1', process: '4711' }

/** As the grammar of RFC 5424 §6 has it. */
const grammar =
  /^<(\d{1,3})>1 (\S+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) \[([^= \]"]{1,32})((?: [^= \]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] \ufeff(.*)$/u

function read(message: Buffer) {
  const match = grammar.exec(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(message))
  if (match === null) throw new Error('no syslog message')
  const [, priority, at, host, app, process, id, element, parameters = '', text] = match
  const pairs = [...parameters.matchAll(/ ([^=]+)="((?:[^"\\]|\\.)*)"/gu)]
  const values = Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value.replace(/\\(.)/gu, '$1')]))
  return { priority: Number(priority), at, host, app, process, id, element, values, text }
}

describe('a record as a syslog message (RFC 5424)', () => {
  it('is of the facility for audit, with a severity by what was decided, and of the type as its id', () => {
    expect(read(formatSyslog(usualRecord, origin))).toMatchObject({
      ...{ priority: 13 * 8 + 4, at: '2026-11-26T10:20:30.405Z', host: 'web-1', app: 'authsec' },
      ...{ process: '4711', id: 'operation.denied', element: 'authsec@32473' },
    })
    const priority = (decision: 'allowed' | undefined) =>
      read(formatSyslog({ ...usualRecord, decision }, origin)).priority
    expect([priority('allowed'), priority(undefined)]).toEqual([110, 109])
  })

  it('has who, what and where it stands as structured data, and all of it as JSON', () => {
    const { text, values } = read(formatSyslog(usualRecord, origin))
    expect(values).toEqual({
      ...{ version: '1.2.3', tenant: 'acme', decision: 'denied', reason: 'ERR_PERMISSION_DENIED' },
      ...{ operation: 'invoices.void', subject: 'ada', client: 'crm', request: 'r-1', trace: usualRecord.traceId },
      ...{ count: '2', chain: 'c1', sequence: '7' },
    })
    expect(text).toBe(formatJsonLine(usualRecord))
  })

  it('has fields of printable ASCII in its header, of bounded length, and a dash for none', () => {
    const odd = { version: '1', host: `h ö\n${'x'.repeat(300)}`, process: '\u001b' }
    expect(read(formatSyslog(usualRecord, odd))).toMatchObject({ host: `h${'x'.repeat(254)}`, process: '-' })
  })

  it('keeps to the grammar whatever callers have sent, and says what they sent', () => {
    fc.assert(
      fc.property(auditRecord, (record) => {
        const message = formatSyslog(record, origin)
        const { text: json, values } = read(message)
        expect(message.toString()).not.toMatch(/(?![ \ufeff])[\p{C}\p{Z}\p{DI}]/u)
        expect(json).toBe(formatJsonLine(record))
        expect(values['request']).toBe(printableLine(record.requestId))
      }),
    )
  })

  it('fits into what receivers take, by leaving out facts and cutting texts', () => {
    const long = { maxLength: 40, minLength: 30 }
    fc.assert(
      fc.property(auditRecord, fc.array(text, long), (record, parts) => {
        const endless = parts.join('\u{e0041}').repeat(40).slice(0, 1024)
        const names = { subject: endless, operation: endless, issuer: endless, clientId: endless, reason: endless }
        const facts = { detail: { [endless]: Array.from({ length: 100 }, () => endless) } }
        const message = formatSyslog({ ...record, ...names, ...facts, requestId: endless, intentId: endless }, origin)
        expect(message.length).toBeLessThanOrEqual(8192)
        expect(JSON.parse(read(message).text ?? '')).toMatchObject({ at: record.at, detail: { shortened: 'true' } })
      }),
      { numRuns: 30 },
    )
    const { text: json } = read(formatSyslog({ ...usualRecord, detail: { long: 'x'.repeat(9000) } }, origin))
    expect(JSON.parse(json ?? '')).toMatchObject({ operation: 'invoices.void', detail: { shortened: 'true' } })
  })

  it('goes over a stream with its length in bytes before it (RFC 6587 §3.4.1)', () => {
    const message = formatSyslog({ ...usualRecord, subject: 'ü名\n10 <1>' }, origin)
    expect(frameSyslog(message).toString()).toBe(`${message.length} ${message.toString()}`)
  })
})
