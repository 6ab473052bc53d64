import type { JsonSchema, ObjectSchema } from '../../core/operation/json-schema.js'
import { adoptSchema } from './standard/adopt-schema.js'
import { compileAdopted } from './standard/compile-adopted.js'
import { checked } from './compile-input.js'
import type { CompiledSchema } from './compiled-schema.js'
import { isRecord } from './json-value.js'
import { schemaFault, SchemaFaults } from './schema-fault.js'

/** The type of one scalar argument: a constructor that the compiler recorded, or a JSON Schema of its own. */
export type ArgumentType = StringConstructor | NumberConstructor | BooleanConstructor | JsonSchema

/** One `@Arg('name')` parameter. */
export interface ArgumentSpec {
  readonly name: string
  readonly type: ArgumentType
  readonly description?: string | undefined
  readonly required: boolean
  /** Put in place of a missing argument; it must match the type. */
  readonly default?: unknown
}

const namePattern = /^[A-Za-z_][0-9A-Za-z_-]{0,63}$/

/**
 * The schema of scalar arguments; `parse` gives an object with a member for every argument that was sent or has a default.
 * Throws `ConfigurationError` (`ERR_CONFIG_SCHEMA`) at start for names, types and defaults that cannot be.
 */
export function compileArguments(args: readonly ArgumentSpec[]): CompiledSchema {
  checkNames(args)
  const path = args.map((arg) => arg.name).join(', ') || 'arguments'
  const schema = adoptSchema(path, listed(args))
  const check = compileAdopted(path, schema)
  checkDefaults(args)
  const defaults = JSON.stringify(Object.fromEntries(args.filter(hasDefault).map((arg) => [arg.name, arg.default])))
  return {
    schema,
    parse: (value) => checked(value, check, (given) => ({ valid: true, value: { ...plainCopy(defaults), ...given } })),
  }
}

function listed(args: readonly ArgumentSpec[]): ObjectSchema {
  const required = args.filter((arg) => arg.required && !hasDefault(arg)).map((arg) => arg.name)
  return {
    type: 'object',
    properties: Object.fromEntries(args.map((arg) => [arg.name, argumentSchema(arg)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  }
}

function argumentSchema(arg: ArgumentSpec): JsonSchema {
  return {
    ...typeSchema(arg),
    ...(arg.description === undefined ? {} : { description: arg.description }),
    ...(hasDefault(arg) ? { default: arg.default } : {}),
  }
}

function typeSchema({ name, type }: ArgumentSpec): JsonSchema {
  if (type === String) return { type: 'string' }
  if (type === Number) return { type: 'number' }
  if (type === Boolean) return { type: 'boolean' }
  if (isRecord(type) && Object.keys(type).length > 0) return type
  throw schemaFault(name, 'its type is not string, number or boolean. Give a JSON Schema, or take a DTO class')
}

function checkNames(args: readonly ArgumentSpec[]): void {
  const faults = new SchemaFaults()
  const seen = new Set<string>()
  for (const { name } of args) {
    if (!namePattern.test(name))
      faults.add(JSON.stringify(name), 'an argument is named with letters, digits, "_" and "-", at most 64')
    if (seen.has(name)) faults.add(name, 'two arguments have this name. Rename one')
    seen.add(name)
  }
  faults.throwIfAny()
}

function checkDefaults(args: readonly ArgumentSpec[]): void {
  const faults = new SchemaFaults()
  for (const arg of args.filter(hasDefault)) {
    const check = compileAdopted(arg.name, { type: 'object', properties: { value: typeSchema(arg) } })
    if (check({ value: arg.default }) !== undefined)
      faults.add(arg.name, 'its default does not match its type. Change one of them')
  }
  faults.throwIfAny()
}

function hasDefault(arg: ArgumentSpec): boolean {
  return arg.default !== undefined
}

/** A copy for each call, so that no handler changes what the next one is given. */
function plainCopy(json: string): object {
  const copy: unknown = JSON.parse(json)
  return isRecord(copy) ? copy : {}
}
