import type { AccessMatrix } from '../graph/access-matrix.js'
import type { Verdict } from '../graph/compiled-requirement.js'
import { cellsOf, type MatrixCell } from './matrix-cell.js'

/** `opened`: somebody may do more than before. `changed`: nobody may, and nobody has lost everything. */
export type Effect = 'opened' | 'closed' | 'changed'

/** One difference between two matrices. */
export type AccessDifference = { readonly effect: Effect } & (
  | {
      readonly kind: 'access'
      readonly caller: string
      readonly operation: string
      readonly from: Verdict
      readonly to: Verdict
    }
  | {
      /** `came` is only in the second matrix, `went` only in the first. */
      readonly kind: 'caller' | 'operation'
      readonly name: string
      readonly presence: 'came' | 'went'
      /** What it opens or closes: all that is not denied. */
      readonly access: readonly MatrixCell[]
    }
)

/**
 * What may be done by the second matrix that may not by the first, and the other way round: what opened first. Order does not
 * count. Throws `TypeError` for a matrix with a name twice.
 */
export function compareMatrices(expected: AccessMatrix, actual: AccessMatrix): readonly AccessDifference[] {
  const [before, after] = [sideOf(expected), sideOf(actual)]
  const found = [
    ...namesOnlyIn(after, before, 'came'),
    ...after.cells.flatMap((cell) => accessDifference(before.verdicts.get(keyOf(cell)), cell)),
    ...namesOnlyIn(before, after, 'went'),
  ]
  return (['opened', 'closed', 'changed'] as const).flatMap((effect) => found.filter((one) => one.effect === effect))
}

interface Side {
  readonly operations: readonly string[]
  readonly callers: readonly string[]
  readonly cells: readonly MatrixCell[]
  readonly verdicts: ReadonlyMap<string, Verdict>
}

function sideOf(matrix: AccessMatrix): Side {
  const cells = cellsOf(matrix)
  return {
    operations: matrix.operations,
    callers: matrix.rows.map(({ caller }) => caller),
    cells,
    verdicts: new Map(cells.map((cell) => [keyOf(cell), cell.verdict])),
  }
}

function keyOf({ caller, operation }: MatrixCell): string {
  return JSON.stringify([operation, caller])
}

function accessDifference(from: Verdict | undefined, cell: MatrixCell): readonly AccessDifference[] {
  const { caller, operation, verdict: to } = cell
  if (from === undefined || from === to) return []
  return [{ effect: effectOf(from, to), kind: 'access', caller, operation, from, to }]
}

function effectOf(from: Verdict, to: Verdict): Effect {
  if (to === 'deny') return 'closed'
  return from === 'allow' ? 'changed' : 'opened'
}

/** A new caller of a new operation is said of both, as either is looked for. */
function namesOnlyIn(here: Side, there: Side, presence: 'came' | 'went'): readonly AccessDifference[] {
  const only = (kind: 'caller' | 'operation', names: readonly string[]): readonly AccessDifference[] =>
    names.map((name) => {
      const access = here.cells.filter((cell) => cell[kind] === name && cell.verdict !== 'deny')
      const effect = presence === 'came' ? 'opened' : 'closed'
      return { effect: access.length === 0 ? 'changed' : effect, kind, name, presence, access }
    })
  const [callers, operations] = [new Set(there.callers), new Set(there.operations)]
  return [
    ...only(
      'operation',
      here.operations.filter((name) => !operations.has(name)),
    ),
    ...only(
      'caller',
      here.callers.filter((name) => !callers.has(name)),
    ),
  ]
}
