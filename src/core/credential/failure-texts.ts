const mostTexts = 5_000
const deepest = 8

/**
 * What a log could show of a failure: messages, stacks and members of errors, of what caused them and of what they hold. `undefined`
 * where that is too much, or cannot be looked at: what was thrown may be anything.
 */
export function textsOfFailure(failure: unknown): readonly string[] | undefined {
  const texts: string[] = []
  const seen = new Set<object>()
  const look = (value: unknown, depth: number): boolean => {
    if (texts.length > mostTexts) return false
    if (typeof value === 'string') texts.push(value)
    if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) return true
    if (depth > deepest) return true
    seen.add(value)
    const names = Array.isArray(value) ? Object.keys(value) : Object.getOwnPropertyNames(value)
    return names.every((name) => {
      if (!Array.isArray(value)) texts.push(name)
      return look(Reflect.get(value, name), depth + 1)
    })
  }
  try {
    return look(failure, 0) ? texts : undefined
  } catch {
    return undefined
  }
}
