import { Reasoning, type Answer } from '../lint/reasoning.js'
import type { Protection } from '../protection.js'
import type { Requirement } from '../requirement/requirement.js'
import { protectionToJson } from './protection-json.js'

/** `opened`: somebody may do more than before. `changed`: that cannot be said, nor that somebody may only do less. */
export type Effect = 'opened' | 'closed' | 'changed'

/**
 * What has become of a protection, by what it means: `same` where it lets in the same callers in other words. Policies are the
 * same by name.
 */
export function protectionChange(from: Protection, to: Protection): Effect | 'same' {
  if (JSON.stringify(protectionToJson(from)) === JSON.stringify(protectionToJson(to))) return 'same'
  const [kept, added] = [includes(to, from), includes(from, to)]
  if (kept === 'yes' && added === 'yes') return 'same'
  if (kept === 'yes' && added === 'no') return 'opened'
  return kept === 'no' && added === 'yes' ? 'closed' : 'changed'
}

/** Whether there could be somebody who may, policies permitting. */
export function admitsSomebody(protection: Protection): boolean {
  return protection.access !== 'protected' || new Reasoning().canBeMet(protection.requirement) !== 'no'
}

/** Whether the one lets in everybody whom the other lets in. */
function includes(one: Protection, other: Protection): Answer {
  if (one.access === 'public') return 'yes'
  if (one.access !== 'protected' || other.access !== 'protected') return one.access === other.access ? 'yes' : 'no'
  if (one.bearerOnly === true && other.bearerOnly !== true) return 'no'
  const keys = new Map<string, object>()
  return new Reasoning().implies(byPolicyName(other.requirement, keys), byPolicyName(one.requirement, keys))
}

/** The same requirement, with one key for all policies of a name. */
function byPolicyName(requirement: Requirement, keys: Map<string, object>): Requirement {
  switch (requirement.kind) {
    case 'grant':
    case 'not':
      return requirement
    case 'allOf':
    case 'anyOf':
      return { kind: requirement.kind, of: requirement.of.map((part) => byPolicyName(part, keys)) }
    case 'policy': {
      const { policy } = requirement
      const key = keys.get(policy.name) ?? {}
      keys.set(policy.name, key)
      return { kind: 'policy', policy: { ...policy, key } }
    }
  }
}
