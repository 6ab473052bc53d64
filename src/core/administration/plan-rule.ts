import type { Change } from './change.js'
import type { Planned, PlanningContext } from './plan-links.js'
import type { AccessRule, AccessRuleWish } from './wish.js'

/** What a wish about the access rule comes to. */
export function planRule({ facts, known }: PlanningContext, { rule: wanted }: AccessRuleWish): Planned {
  const rule: AccessRule = { ...facts.rule, ...wanted }
  const faults = rule.signUpRoles.map((role) => known.faultOf('roles', role)).filter((fault) => fault !== undefined)
  if (faults.length > 0) return { faults }
  const [old, now] = [ruleWords(facts.rule), ruleWords(rule)]
  const before = old.filter((word) => !now.includes(word))
  const after = now.filter((word) => !old.includes(word))
  const action = before.length + after.length === 0 ? 'kept' : 'changed'
  const change: Change = { action, noun: 'access rule', name: 'of the tenant', before, after }
  return { change, steps: action === 'kept' ? [] : [{ step: 'set rule', rule }] }
}

function ruleWords({ grants, signUp, signUpRoles }: AccessRule): readonly string[] {
  return [`grants:${grants}`, `sign-up:${signUp}`, ...signUpRoles.map((role) => `sign-up role:${role}`)]
}
