import fc from 'fast-check'
import type { AuditFacts } from '../../../../src/core/audit/audit-event.js'
import type { AuditRecord } from '../../../../src/core/audit/audit-record.js'

const hostileTexts = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '＝1',
  '\u001b[2J',
  '\n{"fake":1}',
  '\r\n<104>1 2026-01-01T00:00:00Z fake - - - -',
  'a|b\\|c',
  'a=b\\=c suser=root',
  'x"] [evil@1 a="',
  '\u2028\u2029\u202e\u0085\u009b31m',
  '\ufeff',
  '<script>alert(1)</script>',
  '10 ',
]

/** Text that somebody outside may have chosen. */
export const text = fc.oneof(
  fc.constantFrom(...hostileTexts),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .array(fc.constantFrom('\ud800', '\udc00', '\0', '|', '\\', '=', ']', '"', '\n', 'a', ' ', ';', ','), {
      maxLength: 8,
    })
    .map((parts) => parts.join('')),
)

const optional = fc.option(text, { nil: undefined })

const facts: fc.Arbitrary<AuditFacts> = fc.dictionary(
  text,
  fc.oneof(text, fc.integer(), fc.double({ noDefaultInfinity: true, noNaN: true }), fc.array(text, { maxLength: 3 })),
  { maxKeys: 3 },
)

/** Records with anything in them. */
export const auditRecord: fc.Arbitrary<AuditRecord> = fc.record({
  type: fc.constantFrom('operation.allowed' as const, 'operation.denied' as const, 'admin.changed' as const),
  tenant: fc.option(fc.constantFrom('acme', 'globex'), { nil: undefined }),
  at: fc.constant('2026-11-26T10:20:30.405Z'),
  count: fc.integer({ min: 1, max: 100_000 }),
  decision: fc.constantFrom('allowed' as const, 'denied' as const, undefined),
  position: fc.option(fc.record({ chain: text, sequence: fc.integer({ min: 1 }) }), { nil: undefined }),
  erased: fc.boolean(),
  issuer: optional,
  subject: optional,
  clientId: optional,
  requestId: text,
  intentId: optional,
  traceId: optional,
  operation: optional,
  reason: optional,
  milliseconds: fc.option(fc.double({ min: 0, max: 10_000, noNaN: true }), { nil: undefined }),
  detail: fc.option(facts, { nil: undefined }),
  personal: fc.option(facts, { nil: undefined }),
})

/** One record as it may well be. */
export const usualRecord: AuditRecord = {
  type: 'operation.denied',
  tenant: 'acme',
  at: '2026-11-26T10:20:30.405Z',
  count: 2,
  decision: 'denied',
  position: { chain: 'c1', sequence: 7 },
  erased: false,
  issuer: 'https://idp.example',
  subject: 'ada',
  clientId: 'crm',
  requestId: 'r-1',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  operation: 'invoices.void',
  reason: 'ERR_PERMISSION_DENIED',
  milliseconds: 3,
  detail: { missing: 'invoice:void', amr: ['pwd'] },
  personal: { address: '192.0.2.7', userAgent: 'curl/8' },
}
