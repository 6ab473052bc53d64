import type { Protection } from '../../core/permission/protection.js'
import { describeRequirement } from '../../core/permission/requirement/requirement-words.js'
import type { Requirement } from '../../core/permission/requirement/requirement.js'
import { printable } from './printable.js'

/** Who may, as a sentence without its full stop. */
export function protectionWords(protection: Protection): string {
  switch (protection.access) {
    case 'public':
      return 'everybody'
    case 'login':
      return 'every session that can be signed in'
    case 'protected':
      return requirementWords(protection.requirement)
  }
}

/** A requirement in words that can be shown anywhere in the picture. */
export function requirementWords(requirement: Requirement): string {
  return printable(describeRequirement(requirement))
}
