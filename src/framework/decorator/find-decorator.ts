/** What a decorator stands on, as far as a source text can show it. */
export interface SoughtTarget {
  readonly owner: string
  /** A method; absent for the class itself. */
  readonly member?: string | undefined
}

/** The offset of the `@` that the name at `offset` belongs to, or `undefined` if none stands there. */
export function startOfDecorator(text: string, offset: number): number | undefined {
  if (text[offset] === '@') return offset
  const before = /@[(\s]*(?:[\w$]+\s*\.\s*)*$/.exec(text.slice(Math.max(0, offset - 200), offset))
  return before === null ? undefined : offset - before[0].length
}

/** Whether the decorator at `offset` stands on such a target: some compilers report lines that only look right. */
export function decorates(text: string, offset: number, target: SoughtTarget): boolean {
  const declared = declaredAfter(text, offset)?.replace(modifiers, '') ?? ''
  if (target.member === undefined) {
    return (
      target.owner === '' ? /^class\s*(?:extends\b|\{)/ : new RegExp(`^class\\s+${escape(target.owner)}\\b`)
    ).test(declared)
  }
  const name = escape(target.member)
  return new RegExp(`^(?:${name}|(['"])${name}\\1)\\s*[(<]`).test(declared)
}

/** The offset of the first decorator on a class or on one of its methods, found by reading the source text. */
export function findDecorator(text: string, target: SoughtTarget): number | undefined {
  const start = target.member === undefined ? 0 : classStart(text, target.owner)
  for (const { 0: token, index } of text.matchAll(new RegExp(tokens, 'g'))) {
    if (token === '@' && index >= start && decorates(text, index, target)) return index
  }
  return undefined
}

/** Strings, templates and comments, so that nothing inside them counts; then brackets and the `@`. */
const tokens = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[([{]|[)\]}]|@/

const modifiers = /^(?:(?:export|default|public|private|protected|abstract|override|async)\s+|\*\s*)*/

function classStart(text: string, owner: string): number {
  const found = owner === '' ? -1 : text.search(new RegExp(`\\bclass\\s+${escape(owner)}\\b`))
  return found === -1 ? 0 : found
}

/** The text of the declaration that the decorators from `offset` on belong to. */
function declaredAfter(text: string, offset: number): string | undefined {
  let position = offset
  while (text[position] === '@') {
    const name = /^@\s*[\w$.]+/.exec(text.slice(position, position + 200))
    if (name === null) return undefined
    position = afterBlank(text, position + name[0].length)
    if (text[position] === '(') position = afterBlank(text, afterBrackets(text, position))
  }
  return text.slice(position, position + 400)
}

function afterBlank(text: string, from: number): number {
  const blank = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y
  blank.lastIndex = from
  blank.exec(text)
  return Math.max(from, blank.lastIndex)
}

/** The offset behind the bracket that closes the one at `from`. */
function afterBrackets(text: string, from: number): number {
  const parts = new RegExp(tokens, 'g')
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
