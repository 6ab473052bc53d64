import { nounOf } from '../permission/grants.js'
import type { Change, Plan, Step, WishFault } from './change.js'
import { KnownNames } from './known-names.js'
import { planAccount } from './plan-account.js'
import { planForgetting } from './plan-identities.js'
import { carriedBy, planLinks, wordsOf, type NameCheck, type Planned, type PlanningContext } from './plan-links.js'
import { planRule } from './plan-rule.js'
import { holderKey, type TenantFacts } from './tenant-facts.js'
import type { NameWish, Wish } from './wish.js'

/** What it takes to meet all the wishes, in their order, and what is in the way of it. */
export function planChanges(facts: TenantFacts, wishes: readonly Wish[], check: NameCheck): Plan {
  const known = new KnownNames(facts.catalogue.names)
  const context: PlanningContext = { facts, check, known, identities: new Map(facts.identities) }
  const changes: Change[] = []
  const faults: WishFault[] = []
  const steps: Step[] = []
  for (const [wish, planned] of wishes.map((wanted) => plan(context, wanted)).entries()) {
    if ('faults' in planned) faults.push(...planned.faults.map((fault) => ({ wish, fault })))
    else {
      changes.push(planned.change)
      steps.push(...planned.steps)
    }
  }
  return { changes, faults, steps }
}

function plan(context: PlanningContext, wish: Wish): Planned {
  switch (wish.kind) {
    case 'name':
      return wish.presence === 'absent' ? planRemoval(context, wish) : planName(context, wish)
    case 'account':
      return planAccount(context, wish)
    case 'forget identity':
      return planForgetting(context, wish)
    case 'access rule':
      return planRule(context, wish)
  }
}

function planName(context: PlanningContext, { category, give, name, presence, take }: NameWish): Planned {
  const { facts, known } = context
  const isNew = presence === 'present' && !known.has(category, name)
  const fault = isNew ? (context.check(category, name) ?? known.add(category, name)) : known.faultOf(category, name)
  const held = carriedBy(facts, category, name)
  const links = planLinks(context, { held, give, take })
  if (fault !== undefined || links.faults.length > 0) {
    return { faults: [...(fault === undefined ? [] : [fault]), ...links.faults] }
  }
  const holder = category === 'groups' ? 'group' : 'role'
  const added: readonly Step[] = isNew ? [{ step: 'add name', category, name }] : []
  const changed = links.before.length + links.after.length > 0
  return {
    change: {
      ...{ action: isNew ? 'added' : changed ? 'changed' : 'kept', noun: nounOf(category), name },
      ...{ before: links.before, after: links.after },
    },
    steps: [...added, ...links.steps.map((step) => ({ ...step, holder, of: name }) as const)],
  }
}

/** Goes on record with everything that goes along. */
function planRemoval({ facts, known }: PlanningContext, { category, name }: NameWish): Planned {
  const fault = known.faultOf(category, name)
  if (fault !== undefined) return { faults: [fault] }
  known.remove(category, name)
  const { catalogue, holders, rule } = facts
  const roles = [...catalogue.roles].filter(
    ([, bundle]) => category !== 'roles' && category !== 'groups' && bundle[category].includes(name),
  )
  const groups = [...catalogue.groups].filter(([, carried]) => category === 'roles' && carried.includes(name))
  const before = [
    ...wordsOf(carriedBy(facts, category, name)),
    ...roles.map(([role]) => `of role:${role}`),
    ...groups.map(([group]) => `of group:${group}`),
    ...(holders.get(holderKey(category, name)) ?? []).map((email) => `of account:${email}`),
    ...(category === 'roles' && rule.signUpRoles.includes(name) ? ['of sign-up'] : []),
  ]
  const change: Change = { action: 'removed', noun: nounOf(category), name, before, after: [] }
  return { change, steps: [{ step: 'remove name', category, name }] }
}
