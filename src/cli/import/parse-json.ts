import { quoted } from '../../core/administration/known-names.js'
import type { ImportRecord, LineFault, Parsed } from './record.js'

const stringOrStructure = /"[^"\\]*(?:\\.[^"\\]*)*"\s*:?|[{}[\],]/gs

interface Element {
  readonly line: number
  readonly text: string
}

/** A list of objects. */
export function parseJson(text: string): Parsed {
  try {
    if (!Array.isArray(JSON.parse(text))) return fault(1, 'the file is no list of objects: [{ … }, { … }]')
  } catch (error) {
    return fault(lineOfFailure(text, error), 'this is no JSON')
  }
  const records: ImportRecord[] = []
  const faults: LineFault[] = []
  for (const { line, text: element } of elementsOf(text)) {
    const value: unknown = JSON.parse(element)
    const twice = memberTwice(element)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      faults.push({ line, problem: 'this is no object' })
    } else if (twice !== undefined) faults.push({ line, problem: `the member ${quoted(twice)} is there twice` })
    else records.push({ line, members: new Map(Object.entries(value)) })
  }
  return { records, faults }
}

function fault(line: number, problem: string): Parsed {
  return { records: [], faults: [{ line, problem }] }
}

/** The elements of a list that is known to be one, with the lines that they begin on. */
function elementsOf(text: string): readonly Element[] {
  const elements: Element[] = []
  let depth = 0
  let start = 0
  let line = 1
  let counted = 0
  for (const { 0: token, index } of text.matchAll(stringOrStructure)) {
    const ends = depth === 1 && (token === ',' || token === ']')
    const element = text.slice(start, index)
    if (ends && element.trim() !== '') {
      const begin = start + element.length - element.trimStart().length
      line += linesIn(text.slice(counted, begin))
      counted = begin
      elements.push({ line, text: element })
    }
    if (token === '[' || token === '{') depth += 1
    if (token === ']' || token === '}') depth -= 1
    if (ends || (depth === 1 && token === '[')) start = index + 1
  }
  return elements
}

/** A member that the object has more than once: JSON takes the last of them without a word. */
function memberTwice(object: string): string | undefined {
  const names = new Set<unknown>()
  let depth = 0
  for (const [token] of object.matchAll(stringOrStructure)) {
    if (token === '[' || token === '{') depth += 1
    if (token === ']' || token === '}') depth -= 1
    if (depth !== 1 || !token.endsWith(':')) continue
    const name: unknown = JSON.parse(token.slice(0, -1))
    if (names.has(name)) return String(name)
    names.add(name)
  }
  return undefined
}

/** Where JSON ceases to be JSON, as Node.js tells it: by a position, and else at the end. */
function lineOfFailure(text: string, error: unknown): number {
  const position = error instanceof SyntaxError ? /at position (\d+)/.exec(error.message)?.[1] : undefined
  return 1 + linesIn(position === undefined ? text.trimEnd() : text.slice(0, Number(position)))
}

function linesIn(text: string): number {
  return text.split('\n').length - 1
}
