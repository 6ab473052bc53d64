import type { AccessMatrix } from '../graph/access-matrix.js'
import type { Verdict } from '../graph/compiled-requirement.js'
import type { Protection } from '../protection.js'
import { cellsOf, type MatrixCell } from './matrix-cell.js'
import { admitsSomebody, protectionChange, type Effect } from './protection-change.js'
import { describeProtection } from './protection-words.js'

/** One difference between two matrices. What is demanded is in words. */
export type AccessDifference = { readonly effect: Effect } & (
  | {
      readonly kind: 'access'
      readonly caller: string
      readonly operation: string
      readonly from: Verdict
      readonly to: Verdict
    }
  /** What an operation demands means something else, whether or not any caller of the matrix shows it. */
  | { readonly kind: 'demand'; readonly operation: string; readonly from: string; readonly to: string }
  | (Presence & { readonly kind: 'operation'; readonly demand: string })
  | (Presence & { readonly kind: 'caller' })
)

interface Presence {
  readonly name: string
  /** `came` is only in the second matrix, `went` only in the first. */
  readonly presence: 'came' | 'went'
  /** What it opens or closes: all that is not denied. */
  readonly access: readonly MatrixCell[]
}

/**
 * What may be done by the second matrix that may not by the first, and the other way round: what opened first. Order does not
 * count, nor how a demand is put. Throws `TypeError` for a matrix with a name twice.
 */
export function compareMatrices(expected: AccessMatrix, actual: AccessMatrix): readonly AccessDifference[] {
  const [before, after] = [sideOf(expected), sideOf(actual)]
  const found = [
    ...onlyIn(after, before, 'came'),
    ...[...after.protections].flatMap(([name, to]) => demandDifference(name, before.protections.get(name), to)),
    ...after.cells.flatMap((cell) => accessDifference(before.verdicts.get(keyOf(cell)), cell)),
    ...onlyIn(before, after, 'went'),
  ]
  return (['opened', 'closed', 'changed'] as const).flatMap((effect) => found.filter((one) => one.effect === effect))
}

interface Side {
  readonly protections: ReadonlyMap<string, Protection>
  readonly callers: ReadonlySet<string>
  readonly cells: readonly MatrixCell[]
  readonly verdicts: ReadonlyMap<string, Verdict>
}

function sideOf(matrix: AccessMatrix): Side {
  const cells = cellsOf(matrix)
  return {
    protections: new Map(matrix.operations.map(({ name, protection }) => [name, protection])),
    callers: new Set(matrix.rows.map(({ caller }) => caller)),
    cells,
    verdicts: new Map(cells.map((cell) => [keyOf(cell), cell.verdict])),
  }
}

function keyOf({ caller, operation }: MatrixCell): string {
  return JSON.stringify([operation, caller])
}

function demandDifference(
  operation: string,
  from: Protection | undefined,
  to: Protection,
): readonly AccessDifference[] {
  const effect = from === undefined ? 'same' : protectionChange(from, to)
  if (from === undefined || effect === 'same') return []
  return [{ effect, kind: 'demand', operation, from: describeProtection(from), to: describeProtection(to) }]
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
function onlyIn(here: Side, there: Side, presence: Presence['presence']): readonly AccessDifference[] {
  const open = presence === 'came' ? 'opened' : 'closed'
  const [byOperation, byCaller] = [openBy(here, 'operation'), openBy(here, 'caller')]
  const operations = [...here.protections].filter(([name]) => !there.protections.has(name))
  const callers = [...here.callers].filter((name) => !there.callers.has(name))
  return [
    ...operations.map(([name, protection]): AccessDifference => ({
      effect: admitsSomebody(protection) ? open : 'changed',
      ...{ kind: 'operation', name, presence, access: byOperation.get(name) ?? [] },
      demand: describeProtection(protection),
    })),
    ...callers.map((name): AccessDifference => {
      const access = byCaller.get(name) ?? []
      return { effect: access.length === 0 ? 'changed' : open, kind: 'caller', name, presence, access }
    }),
  ]
}

/** All that is not denied, by the name of the operation or the caller. */
function openBy({ cells }: Side, member: 'caller' | 'operation'): ReadonlyMap<string, readonly MatrixCell[]> {
  const open = new Map<string, MatrixCell[]>()
  for (const cell of cells) {
    if (cell.verdict === 'deny') continue
    const known = open.get(cell[member])
    if (known === undefined) open.set(cell[member], [cell])
    else known.push(cell)
  }
  return open
}
