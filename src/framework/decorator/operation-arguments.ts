import { categories, type Category } from '../../core/permission/grants.js'
import { authenticated, requirementOf, type Requirement } from '../../core/permission/requirement/requirement.js'
import { protectionChecks, readOptions, text, toolChecks, type Check } from './check-options.js'
import type { DemandOptions, ProtectionOptions, ToolOptions } from './options.js'
import type { RecordedDetails, RecordedProtection } from './record.js'

/** What stands between the brackets of an operation's decorator: nothing, options, a name, or both. */
export type OperationArguments<Options> =
  readonly [] | readonly [options: Options] | readonly [name: string] | readonly [name: string, options: Options]

/** An operation's options as they were when they were read, and everything that is wrong with them. */
export interface WrittenOptions<Options> {
  readonly name: string | undefined
  readonly options: Options | undefined
  readonly problems: readonly string[]
}

/**
 * Reads the arguments. An argument that is there but `undefined` is a problem, not an absence: `ProtectedByAuthSec(admins)`
 * with a mistyped `admins` must not come out as "every authenticated user". `more`: checks of further options.
 */
export function readArguments<Options extends ToolOptions>(
  args: OperationArguments<Options>,
  access: 'public' | 'protected',
  more: Readonly<Record<string, Check>> = {},
): WrittenOptions<Options> {
  const checks = { ...toolChecks, ...(access === 'protected' ? protectionChecks : {}), ...more }
  const [first, second] = args
  if (typeof first !== 'string') {
    const { options, problems } = args.length === 0 ? absent : readOptions(first, checks)
    return { name: undefined, options, problems: args.length === 2 ? ['the name comes first'] : problems }
  }
  const unnamed = Object.fromEntries(Object.entries(checks).filter(([key]) => key !== 'name'))
  const { options, problems } = args.length === 1 ? absent : readOptions(second, unnamed)
  return {
    name: first,
    options,
    problems: text(first) === undefined ? problems : ['the name is empty', ...problems],
  }
}

const absent = { options: undefined, problems: [] }

/** What a protection's arguments say. Nothing of the user's own objects is read after this but schemas and classes. */
export function protectionOf(
  access: 'public' | 'protected',
  { name, options }: WrittenOptions<ProtectionOptions>,
): Omit<RecordedProtection, 'declaration'> {
  return {
    access,
    requirement: requirementIn(options),
    bearerOnly: options?.bearerOnly === true,
    elevatable: options?.elevatable === true,
    ambiguity: ambiguityOf(options),
    details: { ...detailsOf(name, options), services: options?.services },
  }
}

/** The details that options read by `readOptions` give. */
export function detailsOf(name: string | undefined, options: ToolOptions | undefined): RecordedDetails {
  return {
    name: name ?? options?.name,
    title: options?.title,
    description: options?.description,
    annotations: options?.annotations,
    input: options?.input,
    output: options?.output,
    params: options?.params,
    elicits: options?.elicits,
    audit: options?.audit === undefined ? undefined : Object.freeze([...options.audit.include]),
    services: undefined,
  }
}

/** What options read by `readOptions` demand: every authenticated user where they list nothing. */
function requirementIn(options: DemandOptions | undefined): Requirement {
  if (options?.require !== undefined) return options.require
  const listed = listedNames(options)
  if (Object.keys(listed).length === 0) return authenticated
  return requirementOf({ requireAll: options?.requireAll ?? false, listed })
}

/**
 * What can be meant in two ways: `requireAll` that is missing where several categories make it matter, or there without a category;
 * lists beside a tree.
 */
function ambiguityOf(options: DemandOptions | undefined): string | undefined {
  const listed = Object.keys(listedNames(options))
  const beside = [...listed, ...(options?.requireAll === undefined ? [] : ['requireAll'])]
  if (options?.require !== undefined) {
    return beside.length === 0 ? undefined : `says require and ${beside.join(' and ')}: write all of it in require`
  }
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
  // Without a prototype, so that no category can be inherited.
  const listed: Partial<Record<Category, readonly string[]>> = Object.create(null)
  for (const category of categories) {
    const names = options?.[category]
    if (names !== undefined) listed[category] = names
  }
  return listed
}
