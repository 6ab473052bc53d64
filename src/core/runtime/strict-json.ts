export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

/** A JSON object without a prototype: what is not in the text is not in the object. */
export interface JsonObject {
  readonly [member: string]: JsonValue | undefined
}

const maxDepth = 32
const maxValues = 500
const nameOrStructure = /"[^"\\]*(?:\\.[^"\\]*)*"\s*:?|[{}[\],]/gs
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
// Most texts have no such unit, and then nothing has to be looked at more closely.
const suspicious = /[\0\ud800-\udfff]/
const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * The one JSON object in `bytes`. Throws `SyntaxError` for anything that two readers could understand differently
 * or that a store could choke on: invalid UTF-8, duplicate member names (RFC 7519 §4), names that reach for prototypes,
 * lone surrogates, NUL, more than 32 levels, more than 500 values in one array or object.
 */
export function parseStrictObject(bytes: Uint8Array): JsonObject {
  const text = decodeUtf8(bytes)
  const value = parseJson(text)
  // The scan below relies on the text being JSON, which the line above has made sure of.
  refuseAmbiguity(text)
  const object = withoutPrototypes(value)
  if (!isJsonObject(object)) throw malformed('is not a JSON object')
  return object
}

/** Whether a value of strict JSON is an object, not an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw malformed('is not UTF-8')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('is not JSON')
  }
}

interface Container {
  readonly names: Set<unknown>
  values: number
}

function refuseAmbiguity(text: string): void {
  const open: Container[] = []
  for (const [token] of text.matchAll(nameOrStructure)) {
    const inner = open.at(-1)
    if (token === '{' || token === '[') open.push({ names: new Set(), values: 1 })
    else if (token === '}' || token === ']') open.pop()
    else if (token === ',' && inner !== undefined) inner.values += 1
    else if (token.endsWith(':') && inner !== undefined) addName(inner, token)
    if (open.length > maxDepth) throw malformed('nests too deeply')
    if (inner !== undefined && inner.values > maxValues) throw malformed('lists too many values')
  }
}

function addName(container: Container, token: string): void {
  const quoted = token.slice(0, token.lastIndexOf('"') + 1)
  const name: unknown = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1)
  if (container.names.has(name)) throw malformed('has a duplicate member name')
  container.names.add(name)
}

function withoutPrototypes(value: unknown): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'string') return wellFormed(value)
  if (Array.isArray(value)) return value.map(withoutPrototypes)
  if (typeof value !== 'object') throw malformed('is not JSON')
  const object: Record<string, JsonValue> = Object.create(null)
  for (const [name, member] of Object.entries(value)) {
    if (forbiddenNames.has(name)) throw malformed('has a forbidden member name')
    object[wellFormed(name)] = withoutPrototypes(member)
  }
  return object
}

function wellFormed(text: string): string {
  // PostgreSQL stores neither of them, and a replacement character would make two names equal.
  if (suspicious.test(text) && (text.includes('\0') || /\p{Cs}/u.test(text)))
    throw malformed('has text that is not well formed')
  return text
}

/** In words that go on from what was read. */
function malformed(message: string): SyntaxError {
  return new SyntaxError(message)
}
