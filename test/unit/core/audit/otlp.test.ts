import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formatOtlp } from '../../../../src/core/audit/format/format-otlp.js'
import { auditRecord, usualRecord } from './random-audit-record.js'

const origin = { version: '1.2.3', host: 'web-1', process: '4711' }

function read(...records: Parameters<typeof formatOtlp>[0]) {
  const { resourceLogs } = JSON.parse(formatOtlp(records, origin))
  const [{ resource, scopeLogs }] = resourceLogs
  const [{ scope, logRecords }] = scopeLogs
  return { resource, scope, logRecords }
}

const text = (key: string, stringValue: string | undefined) => ({ key, value: { stringValue } })

describe('records as OpenTelemetry logs (OTLP 1, JSON)', () => {
  it('come of one resource and one scope, which say the product and its version', () => {
    const { resource, scope } = read(usualRecord)
    expect(scope).toEqual({ name: 'authsec.audit', version: '1.2.3' })
    expect(resource.attributes).toEqual([
      text('service.name', 'authsec'),
      text('service.version', '1.2.3'),
      text('service.instance.id', 'web-1/4711'),
      text('host.name', 'web-1'),
    ])
  })

  it('have their time in nanoseconds as text, a severity by what was decided, a name and the trace', () => {
    const [denied, allowed, other] = read(
      usualRecord,
      { ...usualRecord, type: 'operation.allowed', decision: 'allowed' },
      { ...usualRecord, type: 'admin.changed', decision: undefined, traceId: undefined, operation: undefined },
    ).logRecords
    expect(denied).toMatchObject({
      ...{ timeUnixNano: '1795688430405000000', severityNumber: 13, severityText: 'WARN' },
      ...{ eventName: 'authsec.operation.denied', traceId: '0af7651916cd43dd8448eb211c80319c' },
      body: { stringValue: 'Operation denied: invoices.void' },
    })
    expect(allowed).toMatchObject({ severityNumber: 9, severityText: 'INFO' })
    expect(other).toMatchObject({ severityNumber: 10, body: { stringValue: 'Administration changed' } })
    expect(other).not.toHaveProperty('traceId')
  })

  it('have all else as attributes of their kinds, and an id by which one that comes twice is known', () => {
    const [{ attributes }] = read({ ...usualRecord, detail: { share: 0.5, list: ['a'], number: 3 } }).logRecords
    expect(attributes).toEqual(
      expect.arrayContaining([
        text('log.record.uid', 'acme/c1/7'),
        text('user.id', 'ada'),
        text('client.address', '192.0.2.7'),
        text('authsec.tenant', 'acme'),
        { key: 'authsec.count', value: { intValue: '2' } },
        {
          key: 'authsec.detail',
          value: {
            kvlistValue: {
              values: [
                { key: 'share', value: { doubleValue: 0.5 } },
                { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }] } } },
                { key: 'number', value: { intValue: '3' } },
              ],
            },
          },
        },
      ]),
    )
  })

  it('are what any receiver can take, whatever callers have sent', () => {
    fc.assert(
      fc.property(auditRecord, (record) => {
        const body = formatOtlp([record], origin)
        expect(body).not.toMatch(/\\ud[89a-f]../)
        const [{ attributes, traceId }] = read(record).logRecords
        const keys = attributes.map(({ key }: { readonly key: string }) => key)
        expect(new Set(keys).size).toBe(keys.length)
        expect(traceId ?? 'f'.repeat(32)).toMatch(/^[\da-f]{32}$/)
        for (const [, integer = ''] of body.matchAll(/"intValue":"([^"]*)"/g)) expect(integer).toMatch(/^-?\d{1,19}$/)
      }),
    )
  })
})
