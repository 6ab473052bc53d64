import { context, trace, type Tracer as ApiTracer } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createLog } from '../../../src/adapter/telemetry/create-log.js'
import { createTracer } from '../../../src/adapter/telemetry/create-tracer.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { SpanRecorder } from '../../support/span-recorder.js'

const step = { name: 'step', kind: 'internal' } as const

let recorder: SpanRecorder | undefined
afterEach(() => {
  recorder?.close()
  recorder = undefined
  trace.disable()
})

describe('createTracer', () => {
  it('records nothing without an SDK, and hands on what the work gives or throws', async () => {
    const tracer = createTracer()
    expect(tracer.trace(step, (span) => [span.recording, trace.getActiveSpan()])).toEqual([false, undefined])
    expect(await tracer.trace(step, async () => 'done')).toBe('done')
    expect(() =>
      tracer.trace(step, () => {
        throw new TypeError('mine')
      }),
    ).toThrow('mine')
    await expect(tracer.trace(step, () => Promise.reject(new TypeError('mine')))).rejects.toThrow('mine')
  })

  it('follows once the SDK is there, also one that came later', () => {
    const tracer = createTracer()
    tracer.trace(step, () => undefined)
    recorder = new SpanRecorder()
    tracer.trace(step, () => tracer.trace({ name: 'inner', kind: 'client' }, () => undefined))
    const [inner, outer] = recorder.spans
    expect([inner?.name, outer?.name]).toEqual(['inner', 'step'])
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
  })

  it('says in which trace a step is, for the record, and none where nobody follows', () => {
    const tracer = createTracer()
    expect(tracer.trace(step, ({ traceId }) => traceId)).toBeUndefined()
    recorder = new SpanRecorder()
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const carrier = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
    expect(tracer.trace({ name: 'message', kind: 'message', carrier }, (span) => span.traceId)).toBe(traceId)
    const own = tracer.trace(step, (span) => span.traceId)
    expect(own).toBe(recorder.spans.at(-1)?.spanContext().traceId)
    expect(own).toMatch(/^[0-9a-f]{32}$/)
  })

  it('does not follow what asks another system where no step waits for it', () => {
    recorder = new SpanRecorder()
    createTracer().trace({ name: 'beat', kind: 'client' }, () => undefined)
    expect(recorder.spans).toEqual([])
  })

  it('says what failed by its code, never by its words', async () => {
    recorder = new SpanRecorder()
    const tracer = createTracer()
    const failures: readonly unknown[] = [
      new UpstreamError('IDP_UNAVAILABLE', 'hunter2', { cause: new Error('hunter2') }),
      Object.assign(new Error('hunter2'), { code: 'hunter2 hunter2' }),
      new Proxy(new Error('hunter2'), {
        get: () => {
          throw new Error('hunter2')
        },
      }),
      'hunter2',
    ]
    for (const failure of failures) {
      await expect(tracer.trace(step, () => Promise.reject(failure))).rejects.toBe(failure)
    }
    expect(recorder.spans.map(({ attributes }) => attributes['error.type'])).toEqual([
      'ERR_IDP_UNAVAILABLE',
      ...['unexpected', 'unexpected', 'unexpected'],
    ])
    expect(recorder.dump()).not.toContain('hunter2')
  })

  it('does not let an attribute carry a credential or grow', () => {
    recorder = new SpanRecorder()
    createTracer().trace(step, (span) => {
      span.set('said', `Bearer abcdefgh`)
      span.set('long', 'x'.repeat(10_000))
    })
    expect(recorder.spans[0]?.attributes['said']).toBe('Bearer [redacted]')
    expect(String(recorder.spans[0]?.attributes['long']).length).toBeLessThan(300)
  })

  it('does the work once and as it would be done, whatever the SDK throws', async () => {
    const throws = (): never => {
      throw new Error('the exporter is down')
    }
    const broken: ApiTracer = { startSpan: throws, startActiveSpan: throws }
    trace.setGlobalTracerProvider({ getTracer: () => broken })
    expect(await createTracer().trace(step, async () => 'done')).toBe('done')
    trace.disable()
    recorder = new SpanRecorder()
    const tracer = createTracer()
    let ran = 0
    const result = tracer.trace(step, (span) => {
      ran += 1
      const active = trace.getActiveSpan()
      if (active !== undefined) Object.assign(active, { end: throws, setAttribute: throws, setStatus: throws })
      span.set('a', 1)
      span.fail('ERR_X')
      return 'done'
    })
    expect([result, ran]).toEqual(['done', 1])
  })
})

describe('a log line that is written within a step', () => {
  it('names trace and span, and none beyond', () => {
    recorder = new SpanRecorder()
    const lines: Readonly<Record<string, unknown>>[] = []
    const log = createLog('info', { write: (text) => void lines.push(JSON.parse(text)) })
    createTracer().trace(step, () => log.write('info', 'inside', { ref: 'r' }))
    context.with(context.active(), () => log.write('info', 'outside'))
    const { traceId, spanId } = recorder.spans[0]?.spanContext() ?? {}
    expect(lines[0]).toMatchObject({ msg: 'inside', ref: 'r', trace_id: traceId, span_id: spanId })
    expect(lines[1]).not.toHaveProperty('trace_id')
  })
})
