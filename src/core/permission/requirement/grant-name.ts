import type { Category } from '../grants.js'

/** RFC 6749 §3.3: anything else could not be asked for, and could break out of a challenge header. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** What is wrong with a name where a grant is demanded; it is never trimmed or otherwise mended. */
export function grantNameProblem(category: Category, name: unknown): string | undefined {
  if (typeof name !== 'string' || name.trim() === '') return 'is no name'
  if (category !== 'scopes' || scopeToken.test(name)) return undefined
  return `is ${JSON.stringify(name)}, which is not one scope (RFC 6749 §3.3)`
}
