import { context, propagation, trace, TraceFlags, type TextMapPropagator } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])$/

/** As much of W3C Trace Context as a test needs; users have the propagator of their SDK. */
const traceContext: TextMapPropagator = {
  inject: () => undefined,
  fields: () => ['traceparent'],
  extract(from, carrier: unknown, getter) {
    const [, traceId, spanId, sampled] = form.exec(String(getter.get(carrier, 'traceparent'))) ?? []
    if (traceId === undefined || spanId === undefined) return from
    const traceFlags = sampled === '1' ? TraceFlags.SAMPLED : TraceFlags.NONE
    return trace.setSpanContext(from, { traceId, spanId, traceFlags, isRemote: true })
  },
}

/** The SDK of a user, as `node --import ./otel.mjs` would set it up, that keeps what has ended. */
export class SpanRecorder {
  readonly #exporter = new InMemorySpanExporter()
  readonly #contexts = new AsyncLocalStorageContextManager()

  constructor() {
    const spanProcessors = [new SimpleSpanProcessor(this.#exporter)]
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }))
    context.setGlobalContextManager(this.#contexts.enable())
    propagation.setGlobalPropagator(traceContext)
  }

  get spans(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans()
  }

  named(name: string): readonly ReadableSpan[] {
    return this.spans.filter((span) => span.name === name)
  }

  /** The names of a span's children, in the order of their beginning. */
  childrenOf(parent: ReadableSpan): readonly ReadableSpan[] {
    const { spanId } = parent.spanContext()
    return this.spans
      .filter((span) => span.parentSpanContext?.spanId === spanId)
      .toSorted((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1])
  }

  /** Everything that was said, as text. */
  dump(): string {
    return JSON.stringify(
      this.spans.map(({ name, attributes, events, status, links, resource }) => {
        return { name, attributes, events, status, links, resource: resource.attributes }
      }),
    )
  }

  forget(): void {
    this.#exporter.reset()
  }

  close(): void {
    trace.disable()
    context.disable()
    propagation.disable()
  }
}
