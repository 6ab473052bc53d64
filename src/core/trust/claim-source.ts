/**
 * Where a claim stands in a token: the name of a member (`https://example.com/roles` is one, too), or a JSON Pointer (RFC 6901) into
 * nested ones, such as `/realm_access/roles`.
 */
export type ClaimSource = string

/** What stands there, or `undefined`. Only objects are entered, and only by members of their own. */
export function claimAt(claims: Readonly<Record<string, unknown>>, source: ClaimSource): unknown {
  let value: unknown = claims
  for (const name of namesIn(source)) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined
    value = value[name]
  }
  return value
}

/** Whether a text says a place: the name of a member, or a pointer whose parts all name one. */
export function isClaimSource(text: string): boolean {
  return !text.startsWith('/') || /^(?:\/(?:[^/~]|~[01])+)+$/.test(text)
}

function namesIn(source: ClaimSource): readonly string[] {
  if (!source.startsWith('/')) return [source]
  return source
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
