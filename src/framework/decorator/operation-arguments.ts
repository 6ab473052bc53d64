import { categories, type Category } from '../../core/permission/grants.js'
import type { Demand } from '../../core/permission/requirement.js'
import { demandChecks, optionProblems, text, toolChecks } from './check-options.js'
import type { DemandOptions, ToolOptions } from './options.js'
import type { RecordedDetails } from './record.js'

/** What stands between the brackets of an operation's decorator: nothing, options, a name, or both. */
export type OperationArguments<Options> =
  readonly [] | readonly [options: Options] | readonly [name: string] | readonly [name: string, options: Options]

/** An operation's options and everything that is wrong with them. */
export interface WrittenOptions<Options> {
  readonly name: string | undefined
  readonly options: Options | undefined
  readonly problems: readonly string[]
}

/**
 * Reads the arguments. An argument that is there but `undefined` is a problem, not an absence: `ProtectedByAuthSec(admins)`
 * with a mistyped `admins` must not come out as "every authenticated user".
 */
export function readArguments<Options extends ToolOptions>(
  args: OperationArguments<Options>,
  access: 'public' | 'protected',
): WrittenOptions<Options> {
  const checks = access === 'protected' ? { ...toolChecks, ...demandChecks } : toolChecks
  const [first, second] = args
  if (args.length > 2)
    return { name: undefined, options: undefined, problems: ['is a factory: write it with brackets'] }
  if (typeof first !== 'string') {
    const problems = args.length === 0 ? [] : optionProblems(first, checks)
    return { name: undefined, options: first, problems: args.length === 2 ? ['the name comes first'] : problems }
  }
  const unnamed = Object.fromEntries(Object.entries(checks).filter(([key]) => key !== 'name'))
  const problems = args.length === 1 ? [] : optionProblems(second, unnamed)
  return {
    name: first,
    options: second,
    problems: text(first) === undefined ? problems : ['the name is empty', ...problems],
  }
}

/** A copy of the details, so that nobody can change them afterwards. */
export function detailsOf(name: string | undefined, options: ToolOptions | undefined): RecordedDetails {
  return {
    name: name ?? options?.name,
    title: options?.title,
    description: options?.description,
    annotations: options?.annotations === undefined ? undefined : Object.freeze({ ...options.annotations }),
    input: options?.input,
    output: options?.output,
    params: options?.params === undefined ? undefined : Object.freeze([...options.params]),
    elicits: options?.elicits,
  }
}

/** A copy of what is demanded, or nothing where no category is listed. */
export function demandOf(options: DemandOptions | undefined): Demand | undefined {
  const listed = listedNames(options)
  if (Object.keys(listed).length === 0) return undefined
  return Object.freeze({ requireAll: options?.requireAll ?? false, listed: Object.freeze(listed) })
}

/** What is wrong with `requireAll`: missing where several categories make it matter, or there without a category. */
export function requireAllProblem(options: DemandOptions | undefined): string | undefined {
  const listed = Object.keys(listedNames(options))
  if (listed.length > 1 && options?.requireAll === undefined) {
    return (
      `lists ${listed.join(' and ')} without requireAll: write requireAll: true if every category must pass, ` +
      'requireAll: false if any one value is enough'
    )
  }
  if (listed.length === 0 && options?.requireAll !== undefined) return 'says requireAll, but lists nothing to require'
  return undefined
}

function listedNames(options: DemandOptions | undefined): Partial<Record<Category, readonly string[]>> {
  const listed: Partial<Record<Category, readonly string[]>> = {}
  for (const category of categories) {
    const names = options?.[category]
    if (names !== undefined) listed[category] = Object.freeze([...names])
  }
  return listed
}
