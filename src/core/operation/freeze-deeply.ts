/** The value with everything that it consists of frozen; what cannot be frozen, such as bytes, stays as it is. */
export function freezeDeeply<Value>(value: Value): Value {
  freeze(value, new Set())
  return value
}

function freeze(value: unknown, seen: Set<unknown>): void {
  if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) return
  seen.add(value)
  // Accessors are left alone: looking at them would run them.
  for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(value))) freeze(descriptor.value, seen)
  Object.freeze(value)
}
