import type { AccessMatrix, MatrixRow } from '../graph/access-matrix.js'
import type { Verdict } from '../graph/compiled-requirement.js'
import type { Protected } from '../protection.js'
import { deepestRequirement } from '../requirement/read-requirement.js'
import { quoted, visible } from '../requirement/requirement-words.js'
import { cellsOf } from './matrix-cell.js'
import { protectionFromJson, protectionToJson } from './protection-json.js'

/** What a file says, or why it is not to be relied on. */
export type ParsedMatrix =
  | { readonly matrix: AccessMatrix; readonly problem: undefined }
  | { readonly matrix: undefined; readonly problem: string }

const version = 1
const words: Readonly<Record<Verdict, string>> = { allow: 'allow', deny: 'deny', unknown: 'depends' }
const verdicts: readonly Verdict[] = ['allow', 'deny', 'unknown']
/** Each level of a requirement is an object and a list. */
const deepest = 2 * deepestRequirement + 10

/**
 * The matrix as a file to be committed: a line for what each operation demands, and one for each operation and caller, sorted by
 * their names, so that a change of access is a change of its lines alone. Throws `TypeError` for a matrix with a name twice.
 */
export function formatAccessMatrix(matrix: AccessMatrix): string {
  const callers = matrix.rows.map(({ caller }) => caller).toSorted()
  const operations = matrix.operations
    .toSorted((one, other) => order(one.name, other.name))
    .map(({ name, protection }) => visible(JSON.stringify({ name, ...protectionToJson(protection) })))
  const lines = cellsOf(matrix)
    .map(({ caller, operation, verdict }) => ({ operation, caller, word: words[verdict] }))
    .toSorted((one, other) => order(one.operation, other.operation) || order(one.caller, other.caller))
    .map(({ caller, operation, word }) => `[${[operation, caller, word].map(quoted).join(', ')}]`)
  const members = [
    `"version": ${version}`,
    `"callers": ${listed(callers.map(quoted))}`,
    `"operations": ${listed(operations)}`,
    `"access": ${listed(lines)}`,
  ]
  return `{\n${members.map((member) => `  ${member}`).join(',\n')}\n}\n`
}

/** Reads what `formatAccessMatrix` wrote, spaces and order aside. Nothing may be missing, said twice or unknown. */
export function parseAccessMatrix(text: string): ParsedMatrix {
  const json = jsonIn(text)
  if (!isRecord(json)) return refuse('it is no JSON object')
  if (!isWithin(json, deepest)) return refuse('it is nested too deep')
  const { version: written, callers, operations, access, ...others } = json
  if (written !== version) return refuse(`its "version" is not ${version}: write the file anew with this release`)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return refuse(`it has an unknown member ${quoted(unknown)}`)
  if (!isNameList(callers)) return refuse('its "callers" is no list of different names')
  // JSON keeps the last of two members of the same name; whoever reviews the file may see the first.
  if (visible(withoutSpaces(text)) !== visible(JSON.stringify(json)))
    return refuse('it says something twice, or has escapes that hide what it says')
  const read = readOperations(operations)
  return read.problem === undefined
    ? readAccess(access, { callers, operations: read.operations })
    : refuse(read.problem)
}

type ReadOperations =
  | { readonly operations: readonly Protected[]; readonly problem: undefined }
  | { readonly operations: undefined; readonly problem: string }

function readOperations(json: unknown): ReadOperations {
  const lines: readonly unknown[] = Array.isArray(json) ? json : []
  const found = new Map<string, Protected>()
  const problems = lines.flatMap((line, at) => {
    const { name, ...demand } = isRecord(line) ? line : {}
    if (typeof name !== 'string' || name === '' || found.has(name))
      return [`line ${at + 1} of "operations" has no name of its own`]
    const { problem, protection } = protectionFromJson(demand)
    if (protection !== undefined) found.set(name, { name, protection })
    return problem === undefined ? [] : [`line ${at + 1} of "operations", ${quoted(name)}, ${problem}`]
  })
  const [problem = Array.isArray(json) ? undefined : 'its "operations" is no list'] = problems
  return problem === undefined ? { operations: [...found.values()], problem } : { operations: undefined, problem }
}

interface Headings {
  readonly callers: readonly string[]
  readonly operations: readonly Protected[]
}

function readAccess(access: unknown, { callers, operations }: Headings): ParsedMatrix {
  if (!Array.isArray(access)) return refuse('its "access" is no list')
  const names = new Set(operations.map(({ name }) => name))
  const found = new Map<string, Map<string, Verdict>>(callers.map((caller) => [caller, new Map()]))
  for (const [at, line] of access.entries()) {
    const [operation, caller, word, ...others]: readonly unknown[] = Array.isArray(line) ? line : []
    const row = typeof caller === 'string' ? found.get(caller) : undefined
    const verdict = verdicts.find((one) => words[one] === word)
    const named = typeof operation === 'string' && names.has(operation)
    if (row === undefined || verdict === undefined || !named || others.length > 0) {
      return refuse(
        `line ${at + 1} of "access" is not [operation, caller, "allow" | "deny" | "depends"] with listed names`,
      )
    }
    if (row.has(operation)) return refuse(`line ${at + 1} of "access" says ${quoted(operation)} of its caller again`)
    row.set(operation, verdict)
  }
  const rows = [...found].map(([caller, row]): MatrixRow => ({
    caller,
    verdicts: operations.flatMap(({ name }) => row.get(name) ?? []),
  }))
  const short = rows.find((row) => row.verdicts.length < operations.length)
  if (short !== undefined) return refuse(`its "access" does not say everything of ${quoted(short.caller)}`)
  return { matrix: { operations, rows }, problem: undefined }
}

function refuse(problem: string): ParsedMatrix {
  return { matrix: undefined, problem }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether it is nested that deep at most. */
function isWithin(json: unknown, levels: number): boolean {
  if (typeof json !== 'object' || json === null) return true
  return levels > 0 && Object.values(json).every((inner) => isWithin(inner, levels - 1))
}

/** Without what stands between tokens. */
function withoutSpaces(text: string): string {
  return text.replace(/("[^"\\]*(?:\\.[^"\\]*)*")|\s+/g, '$1')
}

function listed(lines: readonly string[]): string {
  return lines.length === 0 ? '[]' : `[\n${lines.map((line) => `    ${line}`).join(',\n')}\n  ]`
}

function order(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

function isNameList(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false
  return value.every((name) => typeof name === 'string' && name !== '') && new Set(value).size === value.length
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
