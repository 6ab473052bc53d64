import type { Asker } from '../asker.js'
import type { Protected } from '../protection.js'
import type { Verdict } from './compiled-requirement.js'
import type { PermissionGraph } from './permission-graph.js'

/** One row to be: a caller by a label that is unique in the matrix. */
export interface MatrixCaller {
  /** Such as `role admin` or `caller Support agent`. */
  readonly label: string
  readonly asker: Asker
}

/** Who may use what: what each operation demands, and one verdict for each caller and operation. */
export interface AccessMatrix {
  readonly operations: readonly Protected[]
  readonly rows: readonly MatrixRow[]
}

export interface MatrixRow {
  readonly caller: string
  /** In the order of `operations`. */
  readonly verdicts: readonly Verdict[]
}

/** The matrix of these callers, by the decision that calls meet. */
export function accessMatrix(graph: PermissionGraph, callers: readonly MatrixCaller[]): AccessMatrix {
  return {
    operations: graph.items.map(({ name, protection }) => ({ name, protection })),
    rows: callers.map(({ label, asker }) => ({
      caller: label,
      verdicts: graph.items.map((item: Protected) => graph.decide(item, asker)),
    })),
  }
}
