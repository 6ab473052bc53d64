import { types } from 'node:util'

/** What was copied, or why it was not. */
export type Snapshot = { readonly copy: unknown } | { readonly problem: string }

/**
 * Reads a list or a plain object once: a frozen copy of its own values, one level deep, that inherits nothing a program
 * could have changed. What could answer differently the next time, as a getter or a proxy, is refused; all else is handed
 * back as it is.
 */
export function snapshotOf(value: unknown): Snapshot {
  if (types.isProxy(value)) return { problem: 'must not be a proxy' }
  if (Array.isArray(value)) return listSnapshot(value)
  return isPlainObject(value) ? objectSnapshot(value) : { copy: value }
}

/** Whether `value` is an object that was written as one: no instance, no list, and with nothing of its own above it. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  // An inherited option would not be read: `Object.create(adminOnly)` must not come out as "every authenticated user".
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || isRootPrototype(prototype)
}

function objectSnapshot(written: object): Snapshot {
  const copy: Record<PropertyKey, unknown> = Object.create(null)
  for (const key of Reflect.ownKeys(written)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(written, key)
    if (descriptor === undefined || !Object.hasOwn(descriptor, 'value')) {
      return { problem: `must hold values, but "${String(key)}" is a getter` }
    }
    copy[key] = descriptor.value
  }
  return { copy: Object.freeze(copy) }
}

function listSnapshot(written: readonly unknown[]): Snapshot {
  const copy: unknown[] = []
  for (let index = 0; index < written.length; index += 1) {
    const descriptor = Reflect.getOwnPropertyDescriptor(written, index)
    if (descriptor === undefined) return { problem: `has a hole at index ${index}` }
    if (!Object.hasOwn(descriptor, 'value')) return { problem: `must hold values, but has a getter at index ${index}` }
    copy.push(descriptor.value)
  }
  return { copy: Object.freeze(copy) }
}

/** Also that of another realm, as test runners have; one with more on it would hide what is written there from us. */
function isRootPrototype(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'hasOwnProperty') &&
    Reflect.ownKeys(prototype).every((key) => Object.hasOwn(Object.prototype, key))
  )
}
