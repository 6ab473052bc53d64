import type { Protection } from '../protection.js'
import { describeRequirement } from '../requirement/requirement-words.js'

/** Who an operation is for, in words: `role admin or scope write, with a bearer token`. */
export function describeProtection(protection: Protection): string {
  switch (protection.access) {
    case 'public':
      return 'everybody who reaches the server, signed in or not'
    case 'login':
      return 'every client that can sign in'
    case 'protected':
      return describeRequirement(protection.requirement) + marksOf(protection)
  }
}

function marksOf({ bearerOnly, elevatable }: Protection & { readonly access: 'protected' }): string {
  return (bearerOnly === true ? ', with a bearer token' : '') + (elevatable === true ? ', elevatable' : '')
}
