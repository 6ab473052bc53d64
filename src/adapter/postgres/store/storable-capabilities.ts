import { toStorable } from '../storable-text.js'

const mostBytes = 16 * 1024

/**
 * A client's capabilities as JSON that PostgreSQL takes, whatever the client wrote into them. Those of an absurd size are kept
 * as none at all: a session without extras is better than none, and nobody can fill the table with them.
 */
export function storableCapabilities(capabilities: Readonly<Record<string, unknown>>): string {
  const json = JSON.stringify(capabilities)
  if (Buffer.byteLength(json) > mostBytes) return '{}'
  // `jsonb` refuses the escapes of NUL and of lone surrogates.
  return /\\u(?:0000|d[89a-f])/.test(json) ? JSON.stringify(JSON.parse(json, storable)) : json
}

/** What is stored as capabilities; anything but an object has been put there by somebody else and is none. */
export function toCapabilities(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}

function storable(_name: string, value: unknown): unknown {
  if (typeof value === 'string') return toStorable(value, mostBytes)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [toStorable(name, mostBytes), member]))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
