/** A value that JSON can carry without a change. */
export type JsonScalar = string | number | boolean | null

/** Whether a value is a string, a finite number, a boolean or null. */
export function isScalar(value: unknown): value is JsonScalar {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

/** Whether a value is an object that is neither an array nor null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Names that every object answers to: a member of that name would be mistaken for a method, or change the prototype.
 * No schema may list them and no value may have them, at any depth.
 */
export const reservedNames: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  'prototype',
])

/** The name of a member for a message: one line, without control characters, at most 64 characters. */
export function shownName(name: string): string {
  const clean = name.replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
  return clean.length > 64 ? `${clean.slice(0, 64)}…` : clean
}

/** One segment appended to a JSON Pointer (RFC 6901 section 3), fit for a message. */
export function pointer(parent: string, segment: string | number): string {
  return `${parent}/${shownName(String(segment)).replaceAll('~', '~0').replaceAll('/', '~1')}`
}
