import type { AccessMatrix, MatrixRow } from '../../core/permission/graph/access-matrix.js'
import type { Verdict } from '../../core/permission/graph/compiled-requirement.js'
import { formatTable } from '../format-table.js'
import { printableCell } from '../printable.js'

const marks: Readonly<Record<Verdict, string>> = { allow: '✓', deny: '·', unknown: '?' }
/** As in the JSON form. */
const words: Readonly<Record<Verdict, string>> = { allow: 'allow', deny: 'deny', unknown: 'depends' }
const legend = '✓ may use it   · may not   ? a policy decides on each call'
const gap = 2

/** Operations down, callers across, in several tables one below the other where one would be wider than `width`. */
export function formatMatrix({ operations, rows }: AccessMatrix, width: number): string {
  const label = operations.reduce((most, { name }) => Math.max(most, printableCell(name).length), 'OPERATION'.length)
  const blocks = blocksOf(rows, width - label)
  const tables = blocks.map((callers) =>
    formatTable(
      ['OPERATION', ...callers.map(({ caller }) => caller)],
      operations.map(({ name }, index) => [name, ...callers.map(({ verdicts }) => marks[verdicts[index] ?? 'deny'])]),
    ),
  )
  return [...tables, legend].join('\n\n')
}

/** The same as records of words, for other programs. */
export function matrixRecords({ operations, rows }: AccessMatrix): readonly (readonly string[])[] {
  return [
    ['operation', ...rows.map(({ caller }) => caller)],
    ...operations.map(({ name }, index) => [name, ...rows.map(({ verdicts }) => words[verdicts[index] ?? 'deny'])]),
  ]
}

function blocksOf(rows: readonly MatrixRow[], width: number): readonly (readonly MatrixRow[])[] {
  const blocks: MatrixRow[][] = []
  let room = 0
  for (const row of rows) {
    const needed = printableCell(row.caller).length + gap
    const block = blocks.at(-1)
    if (block === undefined || needed > room) {
      blocks.push([row])
      room = width - needed
    } else {
      block.push(row)
      room -= needed
    }
  }
  return blocks
}
