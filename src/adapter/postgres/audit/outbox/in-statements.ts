/** Of one statement: however many rows there are, none takes longer than a statement may. */
export const rowsAtOnce = 500

/** Rows in the portions in which they are sent. */
export function inStatements<Row>(rows: readonly Row[]): readonly (readonly Row[])[] {
  return Array.from({ length: Math.ceil(rows.length / rowsAtOnce) }, (_, index) =>
    rows.slice(index * rowsAtOnce, (index + 1) * rowsAtOnce),
  )
}
