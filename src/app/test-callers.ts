import { ConfigurationError } from '../core/error/configuration-error.js'
import { categories, grantsOf, type Grants } from '../core/permission/grants.js'
import { grantNameProblem } from '../core/permission/requirement/grant-name.js'

/** The callers that a developer names for the access matrix. Throws `ConfigurationError` with everything that is wrong. */
export function readTestCallers(
  callers: Readonly<Record<string, Partial<Grants>>> | undefined,
): ReadonlyMap<string, Grants> {
  const read = Object.entries(callers ?? {}).map(([name, held]) => ({ name, held, problems: problemsOf(name, held) }))
  const problems = read.flatMap((caller) => caller.problems)
  if (problems.length > 0) throw new ConfigurationError('ERR_CONFIG_OPTION', `testCallers: ${problems.join('; ')}`)
  return new Map(read.map(({ name, held }) => [name, grantsOf(held)]))
}

function problemsOf(name: string, held: unknown): readonly string[] {
  const label = JSON.stringify(name)
  if (name.trim() === '') return ['a caller has no name']
  if (typeof held !== 'object' || held === null || Array.isArray(held)) return [`${label} is no object of lists`]
  return Object.entries(held).flatMap(([key, names]: [string, unknown]) => {
    const category = categories.find((one) => one === key)
    if (category === undefined) return [`${label} has unknown "${key}"; there are ${categories.join(', ')}`]
    if (!Array.isArray(names)) return [`${key} of ${label} is no list of names`]
    return names.flatMap((one) => {
      const problem = grantNameProblem(category, one)
      return problem === undefined ? [] : [`${key} of ${label} holds something that ${problem}`]
    })
  })
}
