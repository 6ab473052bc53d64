import type { SpanStart, Tracer } from '../../../core/runtime/tracer.js'
import { isObject } from './json-rpc.js'

/** A caller chooses the method; a name of a span is one of few. */
const methods: ReadonlySet<string> = new Set([
  'initialize',
  'logging/setLevel',
  'notifications/cancelled',
  'notifications/initialized',
  'ping',
  'tools/call',
  'tools/list',
])

/** Answers a message as a step of its own, in the trace that its `_meta` names where it names one. What has no message is no step. */
export function traceMessage<Result>(tracer: Tracer, message: unknown, work: () => Promise<Result>): Promise<Result> {
  if (!isObject(message)) return work()
  const { method } = message
  const name = typeof method === 'string' && methods.has(method) ? method : 'message'
  const start: SpanStart = { name, kind: 'message', carrier: metaOf(message) }
  return tracer.trace(start, (span) => {
    span.set('mcp.method.name', name)
    return work()
  })
}

function metaOf({ params }: Readonly<Record<string, unknown>>): SpanStart['carrier'] {
  const meta = isObject(params) ? params['_meta'] : undefined
  return isObject(meta) ? meta : undefined
}
