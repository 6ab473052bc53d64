import { SpanStatusCode, type Span as ApiSpan } from '@opentelemetry/api'
import type { Span, SpanValue } from '../../core/runtime/tracer.js'
import { scrubText } from './log/scrub-text.js'

const longestValue = 256
/** A code of ours, of Node.js or of PostgreSQL, or a plain word. */
const code = /^(?:[A-Z][A-Z0-9_]{1,63}|[0-9A-Z]{5}|[a-z_]{1,32}|\d{3})$/

/** A span of the user's SDK. What that throws, its exporters and processors included, stays here. */
export class RecordedSpan implements Span {
  readonly #span: ApiSpan

  constructor(span: ApiSpan) {
    this.#span = span
  }

  get recording(): boolean {
    return attempt(() => this.#span.isRecording()) === true
  }

  get traceId(): string | undefined {
    const id = attempt(() => this.#span.spanContext().traceId)
    return typeof id === 'string' && /^(?!0{32})[0-9a-f]{32}$/.test(id) ? id : undefined
  }

  set(name: string, value: SpanValue): void {
    attempt(() => this.#span.setAttribute(name, typeof value === 'string' ? scrubText(value, longestValue) : value))
  }

  rename(name: string): void {
    attempt(() => this.#span.updateName(scrubText(name, longestValue)))
  }

  fail(reason: string): void {
    this.set('error.type', code.test(reason) ? reason : 'unexpected')
    // Without a message: what an error says may hold what its code does not.
    attempt(() => this.#span.setStatus({ code: SpanStatusCode.ERROR }))
  }

  /** Ends the step, with what was thrown where it failed. */
  end(...thrown: readonly unknown[]): void {
    if (thrown.length > 0) this.fail(codeOf(thrown[0]))
    attempt(() => this.#span.end())
  }
}

function codeOf(thrown: unknown): string {
  const found = attempt((): unknown =>
    typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'code') : undefined,
  )
  return typeof found === 'string' ? found : 'unexpected'
}

function attempt<Value>(act: () => Value): Value | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
