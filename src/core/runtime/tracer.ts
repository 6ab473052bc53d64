/** What a span may say: small facts, never an argument, identity, token or secret. */
export type SpanValue = string | number | boolean

/** One step of the work on a request, for whoever follows it. */
export interface Span {
  /** Whether anybody takes note: what costs something to find out need not be said otherwise. */
  readonly recording: boolean
  /** Of its trace, 32 hexadecimal digits; `undefined` where nobody follows. */
  readonly traceId: string | undefined
  set(name: string, value: SpanValue): void
  /** For a name that is only known on the way. */
  rename(name: string): void
  /** Says that the step failed, by a code. A step that throws has failed without this. */
  fail(code: string): void
}

export interface SpanStart {
  readonly name: string
  /**
   * `server` answers a request: it begins a trace, or goes on with that of its `carrier` unless somebody has done so already.
   * `message` answers what came in a request: the trace that its `carrier` names goes before that of the request. `client` asks
   * another system, and is only of interest within another step. `internal` is a step of our own.
   */
  readonly kind: 'server' | 'message' | 'client' | 'internal'
  /** Where a caller may have put a `traceparent` (W3C Trace Context): headers, or `_meta` of a message (SEP-414). */
  readonly carrier?: Readonly<Record<string, unknown>> | undefined
  /** By `performance.now()`, where the step began earlier. */
  readonly startedAt?: number
}

/** Follows requests through their steps. Following never changes what happens: not its outcome, and not what is thrown. */
export interface Tracer {
  /** Does the work as a step that ends with it, also where it is a promise. Steps within it become its children. */
  trace<Result>(start: SpanStart, work: (span: Span) => Result): Result
}

const silentSpan: Span = {
  recording: false,
  traceId: undefined,
  set: () => undefined,
  rename: () => undefined,
  fail: () => undefined,
}

/** For where nobody follows. */
export const silentTracer: Tracer = {
  trace: (_start, work) => work(silentSpan),
}
