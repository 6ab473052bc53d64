import { categories } from '../../core/permission/grants.js'
import { grantNameProblem } from '../../core/permission/requirement/grant-name.js'
import { readRequirement } from '../../core/permission/requirement/read-requirement.js'
import { isStandardSchema } from '../schema/schema-source.js'
import { isPlainObject, snapshotOf, type Snapshot } from './snapshot.js'
import { isInjectionKey } from './token.js'

/** Says what is wrong with a value, or nothing. */
export type Check = (value: unknown) => string | undefined

/** Options as they were when they were read, and everything that is wrong with them. */
export interface ReadOptions<Options> {
  /** A frozen copy without a prototype, down to its lists; `undefined` where anything is wrong. */
  readonly options: Options | undefined
  readonly problems: readonly string[]
}

/** Options whose value is a list or an object that is read later. */
const copied: ReadonlySet<unknown> = new Set([...categories, 'include', 'params', 'annotations', 'services', 'audit'])

/**
 * Reads an options object, once: each own key has to be known and to pass its check. Only the copy is to be used: whoever
 * holds the object may still change it.
 */
export function readOptions<Options extends object>(
  written: Options | undefined,
  checks: Readonly<Record<string, Check>>,
): ReadOptions<Options> {
  const read = snapshotOf(written)
  if ('problem' in read) return { options: undefined, problems: [`the options ${read.problem}`] }
  if (!isPlainObject(read.copy)) return { options: undefined, problems: ['the options must be a plain object'] }
  const source = read.copy
  const copy: Record<string, unknown> = Object.create(null)
  const problems = Reflect.ownKeys(source).flatMap((key) => {
    const check = typeof key === 'string' && Object.hasOwn(checks, key) ? checks[key] : undefined
    if (check === undefined) return [`unknown option "${String(key)}"; there are ${Object.keys(checks).join(', ')}`]
    const value: unknown = Reflect.get(source, key)
    const inner = snapshotIn(key, value)
    const problem = 'problem' in inner ? inner.problem : check(inner.copy)
    if ('copy' in inner) copy[String(key)] = inner.copy
    return problem === undefined ? [] : [`option "${String(key)}" ${problem}`]
  })
  const frozen: object = Object.freeze(copy)
  return isRight<Options>(frozen, problems) ? { options: frozen, problems } : { options: undefined, problems }
}

function snapshotIn(key: string | symbol, value: unknown): Snapshot {
  if (key === 'require') return treeSnapshot(value)
  return copied.has(key) ? snapshotOf(value) : { copy: value }
}

function isRight<Options extends object>(_copy: object, problems: readonly string[]): _copy is Options {
  return problems.length === 0
}

/** A text that is not empty. */
export const text: Check = (value) =>
  typeof value === 'string' && value.trim() !== '' ? undefined : 'must be a text that is not empty'

/** `true` or `false`. */
export const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false')

/** A value at all. What it is worth is found out where it is used. */
export const present: Check = (value) =>
  value === undefined || value === null ? 'is undefined: perhaps its module is part of an import circle' : undefined

/** Grant names: a list, not empty, of different texts that are not empty. Matching is byte-exact, so nothing is trimmed. */
export const names: Check = (value) => {
  if (!Array.isArray(value)) return 'must be a list of names'
  const listed: readonly unknown[] = value
  if (listed.length === 0) return 'is an empty list; leave it out, or name who may'
  for (let index = 0; index < listed.length; index += 1) {
    const name = listed[index]
    if (typeof name !== 'string' || name.trim() === '') return `holds something that is no name, at index ${index}`
    if (listed.indexOf(name) !== index) return `names ${JSON.stringify(name)} twice`
  }
  return undefined
}

/** Scopes: names that fit the grammar of OAuth (RFC 6749 §3.3), so no spaces. */
export const scopes: Check = (value) => {
  const problem = names(value)
  if (problem !== undefined || !Array.isArray(value)) return problem
  const listed: readonly unknown[] = value
  const wrong = listed.find((scope) => grantNameProblem('scopes', scope) !== undefined)
  return wrong === undefined ? undefined : `holds a scope that ${grantNameProblem('scopes', wrong) ?? ''}`
}

/** A tree made with `allOf`, `role` and the like, read once and for all. */
function treeSnapshot(value: unknown): Snapshot {
  const { problems, requirement } = readRequirement(value)
  return requirement === undefined ? { problem: problems.join('; ') } : { copy: requirement }
}

/** `params`: classes, tokens and schemas by position. */
export const parameters: Check = (value) => {
  if (!Array.isArray(value)) return 'must be a list of classes, tokens or schemas'
  const listed: readonly unknown[] = value
  const wrong = Array.from(listed).findIndex((entry) => !isInjectionKey(entry) && !isStandardSchema(entry))
  return wrong === -1 ? undefined : `holds nothing that could be injected at index ${wrong}`
}

/** Hints for the client, as in the Model Context Protocol (ToolAnnotations). */
export const annotations: Check = (value) => {
  const { problems } = readOptions(typeof value === 'object' && value !== null ? value : undefined, {
    title: text,
    readOnlyHint: flag,
    destructiveHint: flag,
    idempotentHint: flag,
    openWorldHint: flag,
  })
  return problems.length === 0 ? undefined : `is wrong: ${problems.join('; ')}`
}

/** What may be read on record. */
export const audit: Check = (value) => {
  const { problems } = readOptions(typeof value === 'object' && value !== null ? value : undefined, { include: names })
  if (problems.length > 0) return `is wrong: ${problems.join('; ')}`
  return isPlainObject(value) && Object.hasOwn(value, 'include') ? undefined : 'must say what to include'
}

/** The checks of everything that describes a tool. */
export const toolChecks: Readonly<Record<string, Check>> = {
  name: text,
  title: text,
  description: text,
  annotations,
  input: present,
  output: present,
  params: parameters,
  elicits: flag,
  audit,
}

/** The checks of what a class or method demands. */
export const demandChecks: Readonly<Record<string, Check>> = {
  roles: names,
  groups: names,
  scopes,
  resources: names,
  permissions: names,
  requireAll: flag,
  require: present,
  bearerOnly: flag,
}

/** The checks of what a method demands: more than a class can say. */
export const protectionChecks: Readonly<Record<string, Check>> = {
  ...demandChecks,
  elevatable: flag,
  services: names,
}
