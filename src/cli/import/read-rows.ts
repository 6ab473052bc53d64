import { quoted } from '../../core/administration/known-names.js'
import { categories, eachCategory } from '../../core/permission/grants.js'
import type { ImportRow, ImportShape } from './import-shape.js'
import { firstTwice, type ImportRecord, type LineFault, type Parsed } from './record.js'

/** What a file can be written in. */
export type ImportFormat = 'csv' | 'json'

export interface ReadRows {
  readonly rows: readonly ImportRow[]
  readonly faults: readonly LineFault[]
}

const mostRows = 10_000
/** All of it is one transaction, and requests go on meanwhile. */
const mostNames = 50_000
const statuses: ReadonlySet<unknown> = new Set(['active', 'disabled'])

/** The lines of a file in that shape, and everything that is wrong with them, by line. */
export function readRows(
  { columns, faults: formFaults, records }: Parsed,
  shape: ImportShape,
  format: ImportFormat,
): ReadRows {
  const header = columns === undefined ? [] : columnFaults(shape, columns)
  // What all lines lack is said once.
  const faults = [...formFaults, ...header]
  if (records.length > mostRows)
    faults.push({ line: 1, problem: `there are more than ${mostRows} lines; divide the file` })
  if (header.length > 0 || records.length > mostRows) return { rows: [], faults }
  const rows: ImportRow[] = []
  const seen = new Map<string, number>()
  for (const record of records) {
    const reader = new RecordReader(record, shape, format)
    const row = reader.read()
    const before = seen.get(fold(row.key))
    if (row.key !== '' && before !== undefined) {
      reader.problems.push(`${quoted(row.key)} is on line ${before} already`)
    } else seen.set(fold(row.key), record.line)
    faults.push(...reader.problems.map((problem) => ({ line: record.line, problem })))
    // Whatever else is wrong with a line, the database is asked about it all the same.
    if (row.key !== '') rows.push(row)
  }
  if (namesIn(rows) > mostNames) {
    faults.push({ line: 1, problem: `there are more than ${mostNames} names to grant; divide the file` })
  }
  return { rows, faults: faults.toSorted((one, other) => one.line - other.line) }
}

function namesIn(rows: readonly ImportRow[]): number {
  return rows
    .flatMap(({ lists }) => categories.map((category) => lists[category].length))
    .reduce((sum, of) => sum + of, 0)
}

/** Addresses that differ in capitals only are one for people. */
function fold(key: string): string {
  return key.includes('@') ? key.toLowerCase() : key
}

function columnFaults(shape: ImportShape, { line, names }: NonNullable<Parsed['columns']>): readonly LineFault[] {
  const unknown = names.filter((name) => !columnsOf(shape).includes(name))
  const missing = names.includes(shape.key) ? [] : [`there is no column ${shape.key}`]
  return [...unknown.map((name) => unknownMember('column', name, shape)), ...missing].map((problem) => ({
    line,
    problem,
  }))
}

function columnsOf({ key, lists, texts }: ImportShape): readonly string[] {
  return [key, ...texts, ...lists]
}

function unknownMember(what: 'column' | 'member', name: string, shape: ImportShape): string {
  const hint = /[;\t]/.test(name) ? '; columns are separated by commas' : ''
  return `there is no ${what} ${quoted(name)} here, but ${columnsOf(shape).join(', ')}${hint}`
}

/** Reads one record and notes what is wrong with it. */
class RecordReader {
  readonly problems: string[] = []
  readonly #record: ImportRecord
  readonly #shape: ImportShape
  readonly #format: ImportFormat

  constructor(record: ImportRecord, shape: ImportShape, format: ImportFormat) {
    this.#record = record
    this.#shape = shape
    this.#format = format
  }

  read(): ImportRow {
    const { line, members } = this.#record
    const { key, lists, texts } = this.#shape
    for (const name of members.keys()) {
      if (!columnsOf(this.#shape).includes(name)) this.problems.push(unknownMember('member', name, this.#shape))
    }
    const given = texts.map((name) => [name, this.#text(name)] as const).filter(([, text]) => text !== '')
    const status = given.find(([name]) => name === 'status')
    if (status !== undefined && !statuses.has(status[1])) {
      this.problems.push(`the status ${quoted(status[1])} is neither active nor disabled`)
    }
    const names = new Set(given.map(([name]) => name))
    if (names.has('issuer') !== names.has('subject')) this.problems.push('issuer and subject go together')
    const about = this.#text(key)
    if (about === '') this.problems.push(`there is no ${key}`)
    return {
      ...{ line, key: about, texts: new Map(given) },
      lists: eachCategory((category) => (lists.includes(category) ? this.#list(category) : [])),
    }
  }

  /** Empty for none. */
  #text(name: string): string {
    const value = this.#record.members.get(name)
    if (value === undefined || typeof value === 'string') return value ?? ''
    this.problems.push(`${name} is no text`)
    return ''
  }

  #list(name: string): readonly string[] {
    const value = this.#record.members.get(name)
    const list =
      this.#format === 'csv' && typeof value === 'string' ? cellList(value) : value === undefined ? [] : value
    if (!Array.isArray(list) || !list.every((item): item is string => typeof item === 'string')) {
      this.problems.push(`${name} is no list of names`)
      return []
    }
    const twice = firstTwice(list)
    if (twice !== undefined) this.problems.push(`${name} has ${quoted(twice)} twice`)
    return list
  }
}

/** Names may have blanks: semicolons separate them. */
function cellList(cell: string): readonly string[] {
  return cell === '' ? [] : cell.split(';')
}
