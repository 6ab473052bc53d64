import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formatCef } from '../../../../src/core/audit/format/format-cef.js'
import type { AuditRecord } from '../../../../src/core/audit/audit-record.js'
import { printableLine } from '../../../../src/core/text/printable.js'
import { auditRecord, usualRecord } from './random-audit-record.js'

const version = '1.2.3'

/** Fields as a receiver takes them apart: header at bars, extension at `key=`, both where no backslash is before. */
function read(line: string) {
  const [header = '', ...rest] = line.split(/(?<=^(?:(?:[^|\\]|\\.)*\|){7})/)
  const fields = rest.join('').split(/ (?=\w+=)/)
  const pairs = fields.map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)])
  const plain = (text = '') => text.replace(/\\(.)/g, (_, after: string) => (after === 'n' ? '\n' : after))
  return {
    header: header
      .slice(0, -1)
      .split(/(?<=(?<!\\)(?:\\\\)*)\|/)
      .map(plain),
    fields: Object.fromEntries(pairs.map(([key = '', value]) => [key, plain(value)])),
    keys: pairs.map(([key]) => key),
  }
}

describe('a record in the Common Event Format', () => {
  it('has the type as its signature, and a severity by what was decided', () => {
    expect(read(formatCef(usualRecord, { version })).header).toEqual([
      ...['CEF:0', 'AuthSec', 'AuthSec', version, 'operation.denied', 'Operation denied', '6'],
    ])
    const severity = (decision: 'allowed' | undefined) =>
      read(formatCef({ ...usualRecord, decision }, { version })).header.at(-1)
    expect([severity('allowed'), severity(undefined)]).toEqual(['2', '3'])
  })

  it('says beside the detail who acts for the user, and whom a reader looked for nowhere', () => {
    const detailOf = (personal: AuditRecord['personal']) =>
      read(formatCef({ ...usualRecord, detail: undefined, personal }, { version })).fields['cs6']
    expect(detailOf({ actor: ['subject:bot'] })).toBe('{"actor":["subject:bot"]}')
    expect(detailOf({ actor: 'ada' })).toBeUndefined()
  })

  it('says when, who, from where, what and with which outcome in the fields that are for that', () => {
    expect(read(formatCef(usualRecord, { version })).fields).toEqual({
      ...{
        rt: String(Date.parse(usualRecord.at)),
        suser: 'ada',
        src: '192.0.2.7',
        requestClientApplication: 'curl/8',
        act: 'invoices.void',
      },
      ...{ outcome: 'denied', reason: 'ERR_PERMISSION_DENIED', externalId: 'r-1', cnt: '2' },
      ...{ cs1: 'acme', cs1Label: 'tenant', cs2: 'crm', cs2Label: 'client' },
      ...{ cs3: 'https://idp.example', cs3Label: 'issuer', cs4: usualRecord.traceId, cs4Label: 'trace' },
      ...{ cs5: 'c1/7', cs5Label: 'position' },
      ...{ cs6: '{"amr":["pwd"],"missing":"invoice:void"}', cs6Label: 'detail' },
      ...{ cfp1: '3', cfp1Label: 'milliseconds' },
    })
  })

  it('has IPv6 addresses in their own field, and nothing that is none', () => {
    const fields = (address: string) => read(formatCef({ ...usualRecord, personal: { address } }, { version })).fields
    expect(fields('2001:db8::1')).toMatchObject({ c6a2: '2001:db8::1', c6a2Label: 'Source IPv6 Address' })
    // What is kept of one is its network.
    expect(fields('2001:db8:1:2::')).toMatchObject({ c6a2: '2001:db8:1:2::' })
    expect(fields('unknown')).not.toHaveProperty('src')
  })

  it('has milliseconds with a fraction where such may stand', () => {
    const { fields } = read(formatCef({ ...usualRecord, milliseconds: 10.3 }, { version }))
    expect(fields).toMatchObject({ cfp1: '10.3', cfp1Label: 'milliseconds' })
    expect(fields).not.toHaveProperty('cn1')
  })

  it('escapes bars and backslashes in its header, equals signs, backslashes and line breaks elsewhere', () => {
    expect(formatCef(usualRecord, { version: 'a|b\\c' })).toContain(String.raw`|a\|b\\c|`)
    const line = formatCef({ ...usualRecord, subject: 'a=b\\c\r\nd\ne\u001b|' }, { version })
    expect(line).toContain(String.raw` suser=a\=b\\c\nd\ne\\u001b| `)
  })

  it('is one line, and no text of a caller becomes a field of its own', () => {
    fc.assert(
      fc.property(auditRecord, (record) => {
        const line = formatCef(record, { version })
        expect(line).not.toMatch(/(?! )[\p{C}\p{Z}\p{DI}]/u)
        const { fields, header, keys } = read(line)
        expect(header).toHaveLength(7)
        expect(new Set(keys).size).toBe(keys.length)
        expect(keys.filter((key = '') => !known.test(key))).toEqual([])
        const { operation: act, requestId: externalId, subject: suser } = record
        for (const [key, text] of Object.entries({ act, externalId, suser })) {
          expect(fields[key]).toBe(
            text
              ?.split(/\r\n|[\r\n]/)
              .map(printableLine)
              .join('\n'),
          )
        }
      }),
    )
  })
})

const known = /^(rt|suser|src|requestClientApplication|act|outcome|reason|externalId|cnt|(c6a2|cs[1-6]|cfp1)(Label)?)$/
