import type { DeclaredTable, Trigger } from './declared-tables.js'
import type { FoundTable } from './read-tables.js'
import type { TrailSteps } from './trail-steps.js'

/** In words, what of a table is not as the migrations make it. */
export function changesOf(
  declared: DeclaredTable,
  found: FoundTable,
  steps: Pick<TrailSteps, 'isTaken'>,
): readonly string[] {
  // Whatever else stands there has none of the rest.
  if (!found.isTable) return ['is no table: readers are shown what somebody else has chosen']
  return [
    ...(found.isFiltered ? ['has row-level security: readers may not be shown every row'] : []),
    ...(found.hasRules ? ['has rules: readers may be shown something else'] : []),
    ...(found.isJoined ? ['inherits, or is inherited from: rows of another table are shown among its own'] : []),
    ...(found.isLogged ? [] : ['is unlogged: a crash empties it']),
    ...columnChanges(declared.columns, found.columns),
    ...listChanges(constraintsBy(declared, steps), found.constraints, 'constraint'),
    ...listChanges(declared.indexes, found.indexes, 'index'),
    ...triggerChanges(declared.triggers, found.triggers),
    ...(found.foreignCalls ? ['calls a function or an operator of somebody else as rows are written'] : []),
    ...rightChanges(declared.rights, found.rights),
    ...found.owners.map((name) => `can be changed as its owner can by ${name}, with which requests log in`),
  ]
}

function constraintsBy({ constraints }: DeclaredTable, { isTaken }: Pick<TrailSteps, 'isTaken'>): readonly string[] {
  return constraints.filter(({ step }) => isTaken(step)).flatMap(({ made }) => made)
}

function columnChanges(declared: DeclaredTable['columns'], found: FoundTable['columns']): readonly string[] {
  const others = Object.keys(found).filter((name) => declared[name] === undefined)
  const changed = Object.entries(declared).filter(([name, column]) => found[name] !== column)
  return [
    ...changed.map(([name, column]) => `has the column ${name} as ${found[name] ?? 'none'}, which is ${column}`),
    ...others.map((name) => `has a column that is not ours: ${name}`),
  ]
}

function listChanges(declared: readonly string[], found: readonly string[], word: string): readonly string[] {
  return [
    ...declared
      .filter((one) => !found.includes(one))
      .map((one) => `is without the ${word} ${one}, or has another of its name`),
    ...found.filter((one) => !declared.includes(one)).map((one) => `has a ${word} that is not ours: ${one}`),
  ]
}

function triggerChanges(declared: DeclaredTable['triggers'], found: FoundTable['triggers']): readonly string[] {
  const isSame = (one: Trigger, other: Trigger | undefined): boolean =>
    one.calls === other?.calls && one.type === other.type
  const changed = Object.entries(declared).filter(([name, trigger]) => !isSame(trigger, found[name]))
  const others = Object.keys(found).filter((name) => declared[name] === undefined)
  return [
    ...changed.map(([name]) => `is without what guards its rows: the trigger ${name} is gone, off or another`),
    ...others.map((name) => `has a trigger that is not ours: ${name}`),
  ]
}

function rightChanges(declared: readonly string[], found: FoundTable['rights']): readonly string[] {
  const more = found.filter(({ right }) => !declared.includes(right) && !declared.includes(right.replace(/ \(.*/, '')))
  const holders = new Set(more.map(({ holder }) => holder))
  return [...holders].map((holder) => {
    const rights = more.filter((one) => one.holder === holder).map(({ right }) => right)
    return `gives ${holder} rights that nobody but its owner has: ${rights.join(', ')}`
  })
}
