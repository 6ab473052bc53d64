import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { marker, ObservedServer } from '../../support/observed-server.js'
import { SpanRecorder } from '../../support/span-recorder.js'
import { until } from '../../support/until.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${spanId}-01`
const elsewhere = '4bf92f3577b34da6a3ce929d0e0e4736'

let recorder: SpanRecorder
let observed: ObservedServer

beforeAll(async () => {
  recorder = new SpanRecorder()
  observed = await ObservedServer.start()
}, 120_000)
afterAll(async () => {
  await observed?.close()
  recorder?.close()
})
beforeEach(() => recorder.forget())

/** The one span of this name, once its request has been answered and its steps have ended. */
async function one(name: string): Promise<ReadableSpan> {
  await until(() => recorder.named('POST /mcp').length > 0)
  const [span, ...more] = recorder.named(name)
  if (span === undefined || more.length > 0) throw new TypeError(`${more.length} more spans called ${name}`)
  return span
}

describe('the spans of a call, in the SDK of a user', () => {
  it('form one tree, in the trace of the caller: request, message, guard, decision, and SQL where it was sent', async () => {
    // The first row of a process takes a chain of the trail, which is not of every call.
    expect(await observed.call('close_books')).toMatch(/^200 /)
    await until(() => recorder.named('POST /mcp').length > 0)
    recorder.forget()
    expect(await observed.call('close_books', { headers: { traceparent } })).toMatch(/^200 /)
    const request = await one('POST /mcp')
    expect(request.spanContext().traceId).toBe(traceId)
    expect(request.parentSpanContext).toMatchObject({ spanId, isRemote: true })
    expect(request.kind).toBe(SpanKind.SERVER)
    expect(request.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/mcp',
      'http.response.status_code': 200,
    })
    const message = await one('tools/call')
    expect(message.parentSpanContext?.spanId).toBe(request.spanContext().spanId)
    const guard = await one('authsec.guard')
    expect(guard.parentSpanContext?.spanId).toBe(message.spanContext().spanId)
    expect(guard.attributes).toEqual({
      'authsec.operation': 'close_books',
      'authsec.decision': 'allowed',
      'authsec.outcome': 'succeeded',
      'authsec.ref': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'authsec.tenant': 'acme-corp',
    })
    const [decision, ...statements] = recorder.childrenOf(guard)
    expect(decision).toMatchObject({ name: 'authsec.decision', attributes: { 'authsec.verdict': 'allow' } })
    // The decision and the outcome go on record; a caller who was read a while ago is read again.
    const written = statements.filter(({ name }) => !name.startsWith('SELECT '))
    expect(written.map(({ name }) => name.replace(/_[0-9a-f]{8}$/, ''))).toEqual([
      'WITH tenant_acme_corp',
      'WITH tenant_acme_corp',
    ])
    const before = recorder.childrenOf(request).filter(({ name }) => name !== 'tools/call')
    expect(before.length).toBeGreaterThan(0)
    for (const { attributes, kind, name } of before) {
      expect(kind).toBe(SpanKind.CLIENT)
      expect(name).toMatch(/^SELECT /)
      expect(attributes).toEqual({
        'db.system.name': 'postgresql',
        'db.namespace': name.slice('SELECT '.length),
        'db.operation.name': 'SELECT',
      })
    }
    expect(new Set(recorder.spans.map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]))
    expect(recorder.spans.every(({ status }) => status.code === SpanStatusCode.UNSET)).toBe(true)
  })

  it('show each policy below the decision', async () => {
    expect(await observed.call('greet')).toMatch(/good morning/)
    const decision = await one('authsec.decision')
    expect(decision.attributes).toEqual({ 'authsec.verdict': 'allow' })
    expect(recorder.childrenOf(decision).map(({ name, attributes }) => ({ name, ...attributes }))).toEqual([
      { name: 'authsec.policy', 'authsec.policy': 'OfficeHours', 'authsec.verdict': 'allow' },
    ])
  })

  it('go on with the trace that the message names, and link the request that carried it', async () => {
    const meta = { traceparent: `00-${elsewhere}-${spanId}-01` }
    expect(await observed.call('close_books', { headers: { traceparent }, meta })).toMatch(/^200 /)
    const [request, message, guard] = [await one('POST /mcp'), await one('tools/call'), await one('authsec.guard')]
    expect(message.spanContext().traceId).toBe(elsewhere)
    expect(message.links.map(({ context }) => context.spanId)).toEqual([request.spanContext().spanId])
    expect(guard.parentSpanContext?.spanId).toBe(message.spanContext().spanId)
    expect(request.spanContext().traceId).toBe(traceId)
  })

  it.each(['', 'nonsense', '00-zz-zz-01', 7, null, { a: 1 }])('do not fall for %p as a trace', async (value) => {
    expect(await observed.call('close_books', { meta: { traceparent: value } })).not.toMatch(/^5/)
    const [request, message] = [await one('POST /mcp'), await one('tools/call')]
    expect(message.spanContext().traceId).toBe(request.spanContext().traceId)
  })

  it('say that a call was denied and by which code, which is no failure', async () => {
    expect(await observed.call('book_entry')).toMatch(/Unknown tool/)
    const guard = await one('authsec.guard')
    expect(guard.attributes).toMatchObject({
      'authsec.operation': 'book_entry',
      'authsec.decision': 'denied',
      'authsec.reason': 'ERR_PERMISSION_DENIED',
    })
    expect(guard.status.code).toBe(SpanStatusCode.UNSET)
    expect((await one('authsec.decision')).attributes).toEqual({ 'authsec.verdict': 'deny' })
  })

  it('do not repeat a name that no operation has', async () => {
    expect(await observed.call(marker)).toMatch(/Unknown tool/)
    expect((await one('authsec.guard')).attributes).toMatchObject({
      'authsec.operation': 'unknown',
      'authsec.reason': 'ERR_OPERATION_UNKNOWN',
    })
  })

  it('say that a handler failed, without its words', async () => {
    expect(await observed.call('break_down')).toMatch(/ref /)
    const guard = await one('authsec.guard')
    expect(guard.attributes).toMatchObject({ 'authsec.outcome': 'failed', 'error.type': 'failed' })
    expect(guard.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(guard.events).toEqual([])
  })

  it('say that a database was out of reach, on the statement and on the request', async () => {
    await observed.admit('nobody')
    try {
      expect(await observed.call('close_books')).toMatch(/^503 /)
      const request = await one('POST /mcp')
      expect(request.status.code).toBe(SpanStatusCode.ERROR)
      expect(request.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': '503' })
      const failed = recorder.spans.filter(
        ({ attributes }) => attributes['db.system.name'] !== undefined && attributes['error.type'] !== undefined,
      )
      expect(failed).not.toEqual([])
      for (const { attributes, status } of failed) {
        expect(status).toEqual({ code: SpanStatusCode.ERROR })
        expect(attributes).toMatchObject({
          'db.system.name': 'postgresql',
          'error.type': 'ERR_TENANT_UNAVAILABLE',
        })
      }
    } finally {
      await observed.admit('everybody')
    }
    await until(async () => (await observed.call('close_books')).startsWith('200'))
  })

  it('hold no token, argument, result, address or statement, however the call goes', async () => {
    const wrong = `${observed.token}${marker}`
    for (const name of ['close_books', 'book_entry', 'break_down', 'greet', marker]) {
      await observed.call(name, { headers: { 'mcp-session-id': marker, cookie: marker, baggage: `a=${marker}` } })
      await observed.call(name, { token: wrong, meta: { baggage: `a=${marker}`, tracestate: marker } })
    }
    await until(() => recorder.named('POST /mcp').length === 10)
    const dump = recorder.dump()
    expect(dump).toContain('acme-corp')
    for (const secret of [marker, observed.token, 'ana@acme.test', 'from "', 'where', 'Bearer', '$1']) {
      expect(dump).not.toContain(secret)
    }
  })

  it('are not made for looks at our health, nor for work that no request waits for', async () => {
    expect((await fetch(new URL('/readyz', observed.server.url))).status).toBe(200)
    // The change feed beats each second.
    await observed.call('close_books')
    await one('POST /mcp')
    expect(recorder.spans.filter(({ parentSpanContext }) => parentSpanContext === undefined)).toHaveLength(1)
  })
})
