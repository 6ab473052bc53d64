/** What messages call a parameter: `parameter 2 (user)`, the name as far as the compiled text shows it. */
export function parameterLabel(owner: unknown, index: number): string {
  const name = namesOf(owner)[index]
  return name === undefined ? `parameter ${index + 1}` : `parameter ${index + 1} (${name})`
}

/** Only plain lists of names are read: a default or a pattern could hold anything. */
function namesOf(owner: unknown): readonly string[] {
  if (typeof owner !== 'function') return []
  const text = Function.prototype.toString.call(owner)
  const list = /^class\b/.test(text) ? /\bconstructor\s*\(([^()]*)\)/.exec(text) : /^[^(]*\(([^()]*)\)/.exec(text)
  const names = (list?.[1] ?? '').split(',').map((name) => name.trim())
  return names.every((name) => /^[\w$]+$/.test(name)) ? names : []
}
