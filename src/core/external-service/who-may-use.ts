import type { Requirement } from '../permission/requirement/requirement.js'
import { describeRequirement } from '../permission/requirement/requirement-words.js'

/** Who may use a service, in the same words wherever that is shown. */
export function whoMayUse(requirement: Requirement): string {
  const isOpen = requirement.kind === 'allOf' && requirement.of.length === 0
  return isOpen ? 'everybody' : describeRequirement(requirement)
}
