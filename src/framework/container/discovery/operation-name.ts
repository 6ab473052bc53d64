/**
 * The words of a method's name, tried in this order; digits count as small letters.
 *
 * | rule | example | words |
 * |---|---|---|
 * | an acronym in the plural | `listURLs` | list, urls |
 * | an acronym, up to the next word or the end | `getHTTPStatus` | get, http, status |
 * | a word | `oauth2Token` | oauth2, token |
 *
 * Underscores separate words and are not kept twice or at the ends.
 */
const words = /[A-Z]{2,}s(?![a-z0-9])|[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z0-9]+/g

/** What clients accept as a name in every version of the protocol. */
const validName = /^[A-Za-z0-9_.-]{1,64}$/

/** A method's name as an operation's name, in snake_case; `undefined` where it has other characters than letters, digits and `_`. */
export function operationNameOf(method: string): string | undefined {
  if (!/^[A-Za-z0-9_]+$/.test(method)) return undefined
  const name = (method.match(words) ?? []).map((word) => word.toLowerCase()).join('_')
  return name === '' ? undefined : name
}

/** What is wrong with an operation's name, prefix included. */
export function nameProblem(name: string): string | undefined {
  if (!validName.test(name)) return 'must be 1 to 64 letters, digits, "_", "-" or "."'
  if (/^oauth_/i.test(name)) return 'starts with "oauth_", which is kept for signing in'
  return undefined
}
