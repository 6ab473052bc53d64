import type { AccessMatrix } from '../graph/access-matrix.js'
import type { Verdict } from '../graph/compiled-requirement.js'

/** One verdict of a matrix, with whom and what it is about. */
export interface MatrixCell {
  readonly operation: string
  readonly caller: string
  readonly verdict: Verdict
}

/** Every verdict by operation, then caller. Throws `TypeError` where a name occurs twice or a row has gaps. */
export function cellsOf({ operations, rows }: AccessMatrix): readonly MatrixCell[] {
  const callers = rows.map(({ caller }) => caller)
  for (const names of [operations, callers]) {
    const twice = names.find((name, at) => names.indexOf(name) < at)
    if (twice !== undefined) throw new TypeError(`${JSON.stringify(twice)} is in the access matrix twice`)
  }
  return operations.flatMap((operation, at) =>
    rows.map(({ caller, verdicts }) => {
      const verdict = verdicts[at]
      if (verdict === undefined || verdicts.length !== operations.length) {
        throw new TypeError(`the row of ${JSON.stringify(caller)} has not one verdict for each operation`)
      }
      return { operation, caller, verdict }
    }),
  )
}
