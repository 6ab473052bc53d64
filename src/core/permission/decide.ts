import type { Category, Grants } from './grants.js'
import { listedCategories, type Demand, type Requirement } from './requirement.js'

/** Why a decision fell as it did: `category:name` of what granted, or what would have had to be held. */
export type Decision =
  | { readonly outcome: 'allow'; readonly via: readonly string[] }
  | { readonly outcome: 'deny'; readonly missing: readonly string[] }

/** The one permission decision: `effective` must come from `effectiveGrants`. Only a literal `allow` allows. */
export function decide(requirement: Requirement, effective: Grants): Decision {
  const via: string[] = []
  for (const demand of requirement.allOf) {
    const decision = decideDemand(demand, effective)
    if (decision.outcome !== 'allow') return decision
    via.push(...decision.via)
  }
  return { outcome: 'allow', via }
}

function decideDemand(demand: Demand, effective: Grants): Decision {
  return demand.requireAll ? everyCategory(demand, effective) : anyCategory(demand, effective)
}

function anyCategory(demand: Demand, effective: Grants): Decision {
  const missing: string[] = []
  for (const category of listedCategories(demand)) {
    const listed = demand.listed[category] ?? []
    const held = listed.find((name) => effective[category].includes(name))
    if (held !== undefined) return { outcome: 'allow', via: [`${category}:${held}`] }
    missing.push(label(category, listed, '|'))
  }
  return { outcome: 'deny', missing }
}

function everyCategory(demand: Demand, effective: Grants): Decision {
  const via: string[] = []
  const missing: string[] = []
  for (const category of listedCategories(demand)) {
    const listed = demand.listed[category] ?? []
    const held = listed.filter((name) => effective[category].includes(name))
    const passes = category === 'resources' ? held.length === listed.length : held.length > 0
    if (passes && listed.length > 0) via.push(...held.map((name) => `${category}:${name}`))
    else missing.push(label(category, listed, category === 'resources' ? '&' : '|'))
  }
  if (missing.length > 0 || via.length === 0) return { outcome: 'deny', missing }
  return { outcome: 'allow', via }
}

function label(category: Category, names: readonly string[], joint: '|' | '&'): string {
  return `${category}:${names.join(joint)}`
}
