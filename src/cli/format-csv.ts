import { printableLine } from './printable.js'

/** What a spreadsheet would take for a formula, full-width forms included. */
const formula = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/u

/** Records as in RFC 4180. A cell that a spreadsheet would compute starts with an apostrophe instead. */
export function formatCsv(records: readonly (readonly string[])[]): string {
  return records.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('')
}

function cellOf(text: string): string {
  const shown = printableLine(formula.test(text) ? `'${text}` : text)
  return /[",]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown
}
