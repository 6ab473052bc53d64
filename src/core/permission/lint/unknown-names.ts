import { categories, type Category } from '../grants.js'
import type { Requirement } from '../requirement/requirement.js'
import type { Fault, LintTenant } from './finding.js'
import { keyOf, occurrencesIn } from './occurrence.js'
import { similarName } from './similar-name.js'

/** The names in a requirement that some of the tenants do not have, each once. */
export function unknownNames(requirement: Requirement, tenants: readonly LintTenant[]): readonly Fault[] {
  const seen = new Map<string | object, { category: Category; name: string; sense: 'demanded' | 'excluded' }>()
  for (const { leaf, sense } of occurrencesIn(requirement)) {
    if (leaf.kind === 'policy') continue
    const { category, name } = leaf
    const known = seen.get(keyOf(leaf))
    if (known?.sense !== 'demanded') seen.set(keyOf(leaf), { category, name, sense })
  }
  return [...seen.values()].flatMap((asked) => {
    const without = tenants.filter(({ catalogue }) => !catalogue.names[asked.category].includes(asked.name))
    return without.length === 0 ? [] : [unknownName(asked, without)]
  })
}

function unknownName(
  { category, name, sense }: Pick<Fault & { readonly code: 'unknown-name' }, 'category' | 'name' | 'sense'>,
  without: readonly LintTenant[],
): Fault {
  const names = (of: Category): readonly string[] => without.flatMap(({ catalogue }) => catalogue.names[of])
  return {
    code: 'unknown-name',
    category,
    name,
    tenants: without.map(({ tenant }) => tenant),
    sense,
    similar: similarName(name, names(category)),
    elsewhere: categories.filter((other) => other !== category && names(other).includes(name)),
  }
}
