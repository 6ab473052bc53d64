import { ConfigurationError } from '../core/error/configuration-error.js'
import { grantNameProblem } from '../core/permission/requirement/grant-name.js'

const mostCharacters = 120

/** What a developer says of scopes, for the consent page. Throws `ConfigurationError` with everything that is wrong. */
export function readScopeDescriptions(given: unknown): Readonly<Record<string, string>> {
  if (given === undefined) return {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError('ERR_CONFIG_OPTION', 'scopeDescriptions is no object of sentences by scope')
  }
  const entries = Object.entries(given).map(([name, words]: [string, unknown]) => ({ name, words }))
  const problems = entries.flatMap(problemsOf)
  if (problems.length > 0)
    throw new ConfigurationError('ERR_CONFIG_OPTION', `scopeDescriptions: ${problems.join('; ')}`)
  return Object.fromEntries(entries.map(({ name, words }) => [name, String(words)]))
}

function problemsOf({ name, words }: { readonly name: string; readonly words: unknown }): readonly string[] {
  const problem = grantNameProblem('scopes', name)
  if (problem !== undefined) return [`one is for something that ${problem}`]
  const fits = typeof words === 'string' && words.trim() !== '' && words.length <= mostCharacters
  return fits ? [] : [`${JSON.stringify(name)} needs a sentence of at most ${mostCharacters} characters`]
}
