import { categories, eachCategory, type Category, type Grants } from '../permission/grants.js'
import { noCatalogue } from '../permission/standing.js'
import type { Change, LinkStep, Step } from './change.js'
import { quoted, type KnownNames } from './known-names.js'
import { holderKey, type TenantFacts } from './tenant-facts.js'

/** What is wrong with a name that is to be added, as a sentence. */
export type NameCheck = (category: Category, name: string) => string | undefined

/** What one wish comes to: a change and its rows, or what is in the way. */
export type Planned =
  { readonly change: Change; readonly steps: readonly Step[] } | { readonly faults: readonly string[] }

/** What planning a wish goes by. */
export interface PlanningContext {
  readonly facts: TenantFacts
  readonly known: KnownNames
  readonly check: NameCheck
  /** Those of the facts, with what is about to be changed. */
  readonly identities: Map<string, string | undefined>
}

/** What is given and taken beyond what is held. */
export function planLinks(
  { known }: Pick<PlanningContext, 'known'>,
  { give, held, take }: { held: Grants; give?: Grants | undefined; take?: Grants | undefined },
) {
  const faults: string[] = []
  const before: string[] = []
  const after: string[] = []
  const steps: Pick<LinkStep, 'step' | 'category' | 'name'>[] = []
  for (const category of categories) {
    const given = new Set(give?.[category])
    const taken = new Set(take?.[category])
    const has = new Set(held[category])
    for (const name of new Set([...given, ...taken])) {
      const fault = known.faultOf(category, name)
      const gives = given.has(name)
      if (fault !== undefined) faults.push(fault)
      else if (gives && taken.has(name)) faults.push(`${quoted(name)} is both given and taken`)
      else if (gives !== has.has(name)) {
        steps.push({ step: gives ? 'link' : 'unlink', category, name })
        const words = gives ? after : before
        words.push(holderKey(category, name))
      }
    }
  }
  return { faults, before, after, steps }
}

/** Grants as words, as in `roles:admin`. */
export function wordsOf(grants: Grants): readonly string[] {
  return categories.flatMap((category) => grants[category].map((name) => holderKey(category, name)))
}

/** What a role or a group brings along. */
export function carriedBy({ catalogue }: Pick<TenantFacts, 'catalogue'>, category: Category, name: string): Grants {
  const { roles, groups } = category === 'roles' || category === 'groups' ? catalogue : noCatalogue
  const bundle = category === 'roles' ? roles.get(name) : undefined
  return eachCategory((carried) => {
    if (category === 'groups') return carried === 'roles' ? (groups.get(name) ?? []) : []
    if (carried === 'roles' || carried === 'groups') return []
    return bundle?.[carried] ?? []
  })
}
