import { unusable } from './common-claims.js'
import type { JsonValue } from '../../../core/runtime/strict-json.js'

const maxScopes = 500
// RFC 6749 §3.3: tokens of printable ASCII without `"` and `\`, joined by single spaces.
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/** The names that a claim lists, each once; none where it is absent. Throws `AuthenticationError` for anything but a list of names. */
export function readNames(value: JsonValue | undefined, claim: string): readonly string[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || !value.every(isName)) throw unusable(`the token has no usable ${claim}`)
  return [...new Set(value)]
}

/** The scopes in an OAuth scope text, each once. Throws `AuthenticationError` for any other text. */
export function readScopes(value: JsonValue | undefined, claim: string): readonly string[] {
  // An empty text is what remains of scopes that were all taken away: a sound token that can do little.
  if (value === undefined || value === '') return []
  if (typeof value !== 'string' || !scopePattern.test(value)) throw unusable(`the token has no usable ${claim}`)
  const listed = value.split(' ')
  if (listed.length > maxScopes) throw unusable(`the token has no usable ${claim}`)
  return [...new Set(listed)]
}

function isName(value: JsonValue): value is string {
  return typeof value === 'string' && value !== ''
}
