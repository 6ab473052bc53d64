import { domainFault } from '../federation/entry/email-domain.js'
import type { Change } from './change.js'
import { quoted } from './known-names.js'
import type { Planned, PlanningContext } from './plan-links.js'
import type { AccessRule, AccessRuleWish } from './wish.js'

/** What a wish about the access rule comes to. */
export function planRule({ facts, known }: PlanningContext, { rule: wanted }: AccessRuleWish): Planned {
  const rule: AccessRule = { ...facts.rule, ...wanted }
  const faults = [
    ...rule.signUpRoles.map((role) => known.faultOf('roles', role)),
    ...rule.signUpDomains.map(faultOfDomain),
    rule.signUp === 'domains' && rule.signUpDomains.length === 0 ? 'nobody could enter: name a domain' : undefined,
  ].filter((fault) => fault !== undefined)
  if (faults.length > 0) return { faults }
  const [old, now] = [ruleWords(facts.rule), ruleWords(rule)]
  const before = old.filter((word) => !now.includes(word))
  const after = now.filter((word) => !old.includes(word))
  const action = before.length + after.length === 0 ? 'kept' : 'changed'
  const change: Change = { action, noun: 'access rule', name: 'of the tenant', before, after }
  return { change, steps: action === 'kept' ? [] : [{ step: 'set rule', rule }] }
}

function ruleWords({ grants, signUp, signUpDomains, signUpRoles }: AccessRule): readonly string[] {
  return [
    ...[`grants:${grants}`, `sign-up:${signUp}`],
    ...signUpDomains.map((domain) => `sign-up domain:${domain}`),
    ...signUpRoles.map((role) => `sign-up role:${role}`),
  ]
}

function faultOfDomain(domain: string): string | undefined {
  const fault = domainFault(domain)
  return fault && `${quoted(domain.slice(0, 64))} ${fault}`
}
