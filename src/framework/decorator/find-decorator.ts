/** The offset of the `@` that the name at `offset` belongs to, or `undefined` if none stands there. */
export function startOfDecorator(text: string, offset: number): number | undefined {
  if (text[offset] === '@') return offset
  const before = /@[(\s]*(?:[\w$]+\s*\.\s*)*$/.exec(text.slice(Math.max(0, offset - 200), offset))
  return before === null ? undefined : offset - before[0].length
}

/** The offset of the first decorator on a class or on one of its methods, found by reading the source text. */
export function findDecorator(
  text: string,
  target: { readonly owner: string; readonly member?: string | undefined },
): number | undefined {
  const start = target.member === undefined ? 0 : classStart(text, target.owner)
  for (let at = text.indexOf('@', start); at !== -1; at = text.indexOf('@', at + 1)) {
    const declared = declaredAfter(text, at)
    if (declared === undefined) continue
    if (target.member === undefined ? isClassNamed(declared, target.owner) : isMember(declared, target.member))
      return at
  }
  return undefined
}

function classStart(text: string, owner: string): number {
  const found = owner === '' ? -1 : text.search(new RegExp(`\\bclass\\s+${escape(owner)}\\b`))
  return found === -1 ? 0 : found
}

/** The text of the declaration that the decorators from `at` on belong to. */
function declaredAfter(text: string, at: number): string | undefined {
  let position = at
  while (text[position] === '@') {
    const name = /^@\s*[\w$.]+/.exec(text.slice(position, position + 200))
    if (name === null) return undefined
    position = afterBlank(text, position + name[0].length)
    if (text[position] === '(') position = afterBlank(text, afterBrackets(text, position))
  }
  return text.slice(position, position + 400)
}

const modifiers = /^(?:(?:export|default|public|private|protected|abstract|override|async)\s+|\*\s*)*/

function isMember(declared: string, member: string): boolean {
  const rest = declared.replace(modifiers, '')
  return new RegExp(`^(?:${escape(member)}|(['"])${escape(member)}\\1)\\s*[(<]`).test(rest)
}

function isClassNamed(declared: string, owner: string): boolean {
  return new RegExp(`^class\\s+${escape(owner)}\\b`).test(declared.replace(modifiers, ''))
}

function afterBlank(text: string, from: number): number {
  return from + (/^(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/.exec(text.slice(from))?.[0].length ?? 0)
}

/** The offset behind the bracket that closes the one at `from`; strings and comments do not count. */
function afterBrackets(text: string, from: number): number {
  const parts = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[([{]|[)\]}]/g
  parts.lastIndex = from
  let depth = 0
  for (let part = parts.exec(text); part !== null; part = parts.exec(text)) {
    if ('([{'.includes(part[0])) depth += 1
    if (')]}'.includes(part[0])) depth -= 1
    if (depth === 0) return parts.lastIndex
  }
  return text.length
}

function escape(name: string): string {
  return name.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')
}
