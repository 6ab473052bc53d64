/** A JSON-RPC message of a server. */
export interface RpcMessage {
  readonly id?: unknown
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: Readonly<Record<string, unknown>>
}

/** The JSON-RPC messages of an answer, as JSON or as server-sent events; none of what is something else. */
export function parseMessages(text: string): readonly RpcMessage[] {
  const whole = parseJson(text)
  if (whole !== undefined) return messagesIn(whole)
  return text.split(/\r?\n\r?\n/).flatMap((event) => {
    const data = event.split(/\r?\n/).flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : []))
    return messagesIn(parseJson(data.join('\n')))
  })
}

/** The message that answers the request, unless there is none. */
export function responseTo(id: number, messages: readonly RpcMessage[]): RpcMessage | undefined {
  return messages.find((message) => message.id === id && isResponse(message))
}

/** Whether a message answers a request, whichever that is. */
export function isResponse({ error, result }: RpcMessage): boolean {
  return result !== undefined || error !== undefined
}

/** JSON with members in one order, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1))) : member,
  )
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of a JSON text, or `undefined`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function messagesIn(value: unknown): readonly RpcMessage[] {
  const values = Array.isArray(value) ? value : [value]
  return values.flatMap((one: unknown) => {
    if (!isObject(one) || one['jsonrpc'] !== '2.0') return []
    const { error, id, result } = one
    return [{ id, ...(isObject(result) && { result }), ...(isObject(error) && { error }) }]
  })
}
