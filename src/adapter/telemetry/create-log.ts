import { isSpanContextValid, trace } from '@opentelemetry/api'
import { pino, type DestinationStream } from 'pino'
import type { Log, LogLevel } from '../../core/runtime/log.js'
import { loggable } from './log/loggable.js'
import { scrubText } from './log/scrub-text.js'

const longestMessage = 1_024
/** What is kept of lines that cannot be written, in bytes. */
const mostKept = 1_048_576

/**
 * A log of JSON lines on standard error, which leaves standard output to the protocol. Whatever is handed to it, a line is one line
 * of bounded length, without what looks like a credential; where a span is active it names it. Writing never throws.
 */
export function createLog(level: LogLevel | 'silent', destination: DestinationStream = standardError()): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, mixin: activeSpan }, destination)
  return {
    write(entryLevel, message, fields = {}) {
      if (!logger.isLevelEnabled(entryLevel)) return
      logger[entryLevel](shown(fields), scrubText(message, longestMessage))
    },
  }
}

function standardError(): DestinationStream {
  const destination = pino.destination({ fd: 2, sync: true, maxLength: mostKept })
  // A disk that is full, or a reader that is gone, must not end what serves others.
  destination.on('error', () => undefined)
  return destination
}

/** What is thrown may be thrown at us, too, by something that throws when it is looked at. */
function shown(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return loggable(fields)
  } catch {
    return { unreadable: true }
  }
}

function activeSpan(): object {
  const context = trace.getActiveSpan()?.spanContext()
  if (context === undefined || !isSpanContextValid(context)) return {}
  return { trace_id: context.traceId, span_id: context.spanId }
}
