import {
  context,
  isSpanContextValid,
  propagation,
  SpanKind,
  trace,
  type Context,
  type Span as ApiSpan,
  type SpanOptions,
  type TextMapGetter,
} from '@opentelemetry/api'
import { silentTracer, type Span, type SpanStart, type Tracer } from '../../core/runtime/tracer.js'
import { RecordedSpan } from './recorded-span.js'

type Carrier = NonNullable<SpanStart['carrier']>

const plain = {
  server: { kind: SpanKind.SERVER },
  message: { kind: SpanKind.SERVER },
  client: { kind: SpanKind.CLIENT },
  internal: { kind: SpanKind.INTERNAL },
} as const satisfies Record<SpanStart['kind'], SpanOptions>

/** Not `baggage`: whoever calls could fill it with what programs behind us are then told. */
const taken = ['traceparent', 'tracestate']

const getter: TextMapGetter<Carrier> = {
  keys: (carrier) => taken.filter((name) => typeof carrier[name] === 'string'),
  get(carrier, name) {
    const value = taken.includes(name) ? carrier[name] : undefined
    return typeof value === 'string' ? value : undefined
  },
}

/**
 * Spans for the OpenTelemetry SDK that the user's program has set up, before or after this; without one nothing is recorded and next
 * to nothing is done. A fault of theirs in following a request is no fault of the request.
 */
export function createTracer(): Tracer {
  const tracer = trace.getTracer('authsec')
  return {
    trace(start, work) {
      const active = context.active()
      if (start.kind === 'client' && trace.getSpan(active) === undefined) return silentTracer.trace(start, work)
      const opened = orNothing(() => {
        const parent = parentOf(active, start)
        const span = tracer.startSpan(start.name, optionsOf(start, active, parent), parent)
        // One that nobody records still tells those within it not to be recorded, unless there is no trace at all.
        return isSpanContextValid(span.spanContext()) ? { span, within: trace.setSpan(parent, span) } : undefined
      })
      if (opened === undefined) return silentTracer.trace(start, work)
      return context.with(opened.within, () => follow(opened.span, work))
    },
  }
}

function parentOf(active: Context, { carrier, kind }: SpanStart): Context {
  if (carrier === undefined || (kind === 'server' && trace.getSpan(active) !== undefined)) return active
  return propagation.extract(active, carrier, getter)
}

function optionsOf({ kind, startedAt }: SpanStart, active: Context, parent: Context): SpanOptions {
  const around = parent === active ? undefined : trace.getSpanContext(active)
  if (startedAt === undefined && around === undefined) return plain[kind]
  return {
    ...plain[kind],
    ...(startedAt === undefined ? {} : { startTime: startedAt }),
    ...(around === undefined ? {} : { links: [{ context: around }] }),
  }
}

function follow<Result>(span: ApiSpan, work: (span: Span) => Result): Result {
  const recorded = new RecordedSpan(span)
  let result: Result
  try {
    result = work(recorded)
  } catch (error) {
    recorded.end(error)
    throw error
  }
  if (result instanceof Promise)
    result.then(
      () => recorded.end(),
      (error: unknown) => recorded.end(error),
    )
  else recorded.end()
  return result
}

function orNothing<Value>(open: () => Value): Value | undefined {
  try {
    return open()
  } catch {
    return undefined
  }
}
