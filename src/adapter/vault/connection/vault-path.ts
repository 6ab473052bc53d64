const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
// Neither begins nor ends with a dot, so that no segment climbs; what would need encoding is not let in at all.
const segmentPattern = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_])?$/
const queryPattern = /^(?:version=[1-9]\d{0,9}|list=true)$/
const mostSegments = 16

/** The UUID as it stands in a path. Throws `TypeError` for anything else: names of people's choice are never part of a path. */
export function uuidSegment(text: string): string {
  if (typeof text === 'string' && uuidPattern.test(text)) return text
  throw new TypeError('a credential is found by UUIDs in lower case')
}

/** Whether the text is a path of plain segments, as mounts and roles are called. */
export function isPlainPath(path: string): boolean {
  const segments = path.split('/')
  return segments.length <= mostSegments && segments.every((segment) => segmentPattern.test(segment))
}

/** Throws `TypeError` unless a request goes where it says, whatever the client makes of its address. */
export function requirePlainRequest(url: string): void {
  const [path = '', query, ...more] = url.replace(/^\//, '').split('?')
  const plain = isPlainPath(path) && (query === undefined || queryPattern.test(query)) && more.length === 0
  if (!plain) throw new TypeError('a request to Vault is not for a plain path')
}
