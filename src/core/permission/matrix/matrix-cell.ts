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
  refuseTwice(operations.map(({ name }) => name))
  refuseTwice(rows.map(({ caller }) => caller))
  return operations.flatMap(({ name: operation }, at) =>
    rows.map(({ caller, verdicts }) => {
      const verdict = verdicts[at]
      if (verdict === undefined || verdicts.length !== operations.length) {
        throw new TypeError(`the row of ${JSON.stringify(caller)} has not one verdict for each operation`)
      }
      return { operation, caller, verdict }
    }),
  )
}

function refuseTwice(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw new TypeError(`${JSON.stringify(name)} is in the access matrix twice`)
    seen.add(name)
  }
}
