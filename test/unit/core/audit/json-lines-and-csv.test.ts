import { describe, expect, it } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { auditCsvHeader, formatAuditCsv } from '../../../../src/core/audit/format/format-audit-csv.js'
import { auditMembers } from '../../../../src/core/audit/format/audit-members.js'
import { formatJsonLine } from '../../../../src/core/audit/format/format-json-line.js'
import { auditRecord, usualRecord } from './random-audit-record.js'

/** Anything that does not show as itself, but for the plain blank. */
const hidden = /(?! )[\p{C}\p{Z}\p{DI}]/u

describe('a record as a line of JSON', () => {
  it('has its members in one order, and only those that say something', () => {
    const { position: _, detail, reason, ...rest } = usualRecord
    const { tenant, ...shuffled } = { ...(detail && { detail }), ...rest }
    expect(formatJsonLine({ ...shuffled, tenant: undefined, reason, position: undefined, erased: true })).toBe(
      '{"at":"2026-11-26T10:20:30.405Z","tenant":null,"type":"operation.denied","decision":"denied",' +
        '"reason":"ERR_PERMISSION_DENIED","operation":"invoices.void","issuer":"https://idp.example","subject":"ada",' +
        '"clientId":"crm","requestId":"r-1","traceId":"0af7651916cd43dd8448eb211c80319c","milliseconds":3,"count":2,' +
        '"detail":{"amr":["pwd"],"missing":"invoice:void"},"personal":{"address":"192.0.2.7","userAgent":"curl/8"},"erased":true}',
    )
    expect(tenant).toBe('acme')
  })

  it('is one line that shows all it says, whatever callers have sent, and the same value when it is read', () => {
    fc.assert(
      fc.property(auditRecord, (record) => {
        const line = formatJsonLine(record)
        expect(line).not.toMatch(hidden)
        const { chain, sequence, erased, tenant, ...read } = JSON.parse(line)
        const { position, erased: wasErased, tenant: slug, ...members } = record
        expect({ chain, sequence }).toEqual({ chain: position?.chain, sequence: position?.sequence })
        expect({ erased, tenant }).toEqual({ erased: wasErased ? true : undefined, tenant: slug ?? null })
        expect(read).toEqual(JSON.parse(JSON.stringify(members)))
      }),
    )
  })
})

describe('a record as CSV', () => {
  it('has a column for each member, which the first line names', () => {
    expect(auditCsvHeader()).toBe(`${auditMembers.join(',')}\r\n`)
    expect(formatAuditCsv(usualRecord)).toBe(
      '2026-11-26T10:20:30.405Z,acme,operation.denied,denied,ERR_PERMISSION_DENIED,invoices.void,https://idp.example,' +
        'ada,crm,r-1,0af7651916cd43dd8448eb211c80319c,,3,2,"{""amr"":[""pwd""],""missing"":""invoice:void""}",' +
        '"{""address"":""192.0.2.7"",""userAgent"":""curl/8""}",,c1,7\r\n',
    )
  })

  it('is one line with all its cells, of which no spreadsheet computes one, whatever callers have sent (RFC 4180)', () => {
    fc.assert(
      fc.property(auditRecord, (record) => {
        const text = formatAuditCsv(record)
        expect(text.slice(0, -2)).not.toMatch(hidden)
        const [cells, ...more] = parse(text)
        expect(more).toEqual([])
        expect(cells).toHaveLength(auditMembers.length)
        for (const cell of cells ?? []) expect(cell).not.toMatch(/^["\s]*[=+\-@＝＋－＠\t\r]/)
      }),
    )
  })
})
