import { CsvError, parse, type CsvErrorCode } from 'csv-parse/sync'
import { quoted } from '../../core/administration/known-names.js'
import { firstTwice, type ImportRecord, type LineFault, type Parsed } from './record.js'

interface Row {
  readonly line: number
  readonly cells: readonly string[]
}

const problems: Readonly<Partial<Record<CsvErrorCode, string>>> = {
  CSV_INVALID_CLOSING_QUOTE: 'something follows the quote that ends a cell; a quote within a cell is written twice',
  CSV_QUOTE_NOT_CLOSED: 'a cell begins with a quote and does not end with one',
  INVALID_OPENING_QUOTE:
    'there is a quote within a cell that does not begin with one; write it twice, in a cell in quotes',
}

/**
 * A table as in RFC 4180, its first line the names of the columns; lines end in CR LF or LF, and empty ones do not count. Nothing
 * is trimmed.
 */
export function parseCsv(text: string): Parsed {
  const { failure, rows } = readRows(text)
  if (failure !== undefined) return { records: [], faults: [failure] }
  const [header, ...body] = rows
  if (header === undefined) return fault(1, 'the file is empty: its first line names the columns')
  const twice = firstTwice(header.cells)
  if (twice !== undefined) return fault(header.line, `the column ${quoted(twice)} is there twice`)
  const records: ImportRecord[] = []
  const faults: LineFault[] = []
  for (const { cells, line } of body) {
    const members = new Map(header.cells.map((name, at) => [name, cells[at]]))
    if (cells.length === header.cells.length) records.push({ line, members })
    else faults.push({ line, problem: `there are ${cells.length} cells for ${header.cells.length} columns` })
  }
  return { records, faults, columns: { line: header.line, names: header.cells } }
}

function fault(line: number, problem: string): Parsed {
  return { records: [], faults: [{ line, problem }] }
}

function readRows(text: string): { readonly rows: readonly Row[]; readonly failure?: LineFault } {
  // Within a cell as well: no text that is imported may have line ends.
  const plain = text.replaceAll('\r\n', '\n')
  const rows: Row[] = []
  let last = 0
  const onRecord = (record: unknown, { lines }: { readonly lines: number }): null => {
    const cells = Array.isArray(record) ? record.map(String) : []
    last = lines
    rows.push({ cells, line: lines - cells.join('').split('\n').length + 1 })
    return null
  }
  const options = { record_delimiter: '\n', relax_column_count: true, skip_empty_lines: true, on_record: onRecord }
  try {
    parse(plain, options)
    return { rows }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    return { rows, failure: { line: nextLine(plain, last), problem: problems[error.code] ?? 'this is no CSV' } }
  }
}

/** The first line after that one that is not empty. */
function nextLine(text: string, after: number): number {
  const lines = text.split('\n')
  const skipped = lines.slice(after).findIndex((line) => line !== '')
  return after + Math.max(skipped, 0) + 1
}
