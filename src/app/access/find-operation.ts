import type { Operation } from '../../core/operation/operation.js'
import { similarName } from '../../core/permission/lint/similar-name.js'
import { nameInWords } from '../../core/permission/requirement/requirement-words.js'
import type { AuthSecApp } from '../create-auth-sec-app.js'
import { RefusedError } from '../refused-error.js'

const mostSuggestions = 3
const mostListed = 20

/** The operation of that name. Throws `RefusedError` with the names that come closest. */
export function findOperation({ catalogue }: AuthSecApp, name: string): Operation {
  const { permissions } = catalogue
  const found = permissions.find(name)
  if (found !== undefined) return found
  const names = permissions.items.map((item) => item.name)
  throw new RefusedError(`the app has no tool ${nameInWords(name)}${suggestion(name, names)}`)
}

function suggestion(name: string, names: readonly string[]): string {
  const similar = similarNames(name, names)
  if (similar.length > 0) return `; did you mean ${similar.map(nameInWords).join(' or ')}?`
  return names.length === 0 || names.length > mostListed ? '' : `; it has ${names.map(nameInWords).join(', ')}`
}

function similarNames(name: string, names: readonly string[]): readonly string[] {
  const similar: string[] = []
  while (similar.length < mostSuggestions) {
    const next = similarName(
      name,
      names.filter((other) => !similar.includes(other)),
    )
    if (next === undefined) break
    similar.push(next.name)
  }
  return similar
}
