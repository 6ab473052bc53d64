const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/
const nothing = /^0+$/

/** The id of the trace in a `traceparent` (W3C Trace Context §3.2.2); `undefined` where it is not valid, and so means nothing. */
export function traceIdIn(traceparent: unknown): string | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > 256) return undefined
  const [, version = '', traceId = '', parentId = '', rest] = form.exec(traceparent) ?? []
  const known = version !== '' && version !== 'ff' && (version !== '00' || rest === undefined)
  return known && !nothing.test(traceId) && !nothing.test(parentId) ? traceId : undefined
}
