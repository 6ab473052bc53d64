import { printableCell } from './printable.js'

/**
 * Where a spreadsheet could take what follows for a formula, full-width forms included: at the start of a cell, and of what would
 * be one where lists are separated by semicolons or tabs.
 */
const formula = /(^|[;\t])(?=["\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])/gu

/** Records as in RFC 4180, with cells that look different where they differ. What a spreadsheet would compute gets an apostrophe. */
export function formatCsv(records: readonly (readonly string[])[]): string {
  return records.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('')
}

function cellOf(text: string): string {
  const shown = printableCell(text).replace(formula, "$1'")
  return /[",;\t]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown
}
