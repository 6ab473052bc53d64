import type { CallLimit } from '../../core/operation/call-limit.js'
import type { OperationAnnotations } from '../../core/operation/operation.js'
import type { Requirement } from '../../core/permission/requirement/requirement.js'
import type { SchemaSource } from '../schema/schema-source.js'
import type { Declaration } from './declaration.js'
import type { Parameter } from './options.js'
import type { Class } from './reflect.js'
import type { InjectionKey } from './token.js'

/** What one `@ProtectedByAuthSec` or `@Public` says. */
export interface RecordedProtection {
  readonly access: 'public' | 'protected'
  readonly requirement: Requirement
  /** Only callers that bring a bearer token. */
  readonly bearerOnly: boolean
  /** Callers who lack nothing but scopes are told of it. */
  readonly elevatable: boolean
  /** What could be meant in two ways, such as several categories without `requireAll`. */
  readonly ambiguity: string | undefined
  readonly details: RecordedDetails
  readonly declaration: Declaration
}

/** What clients are told of an operation, as far as one decorator says it. */
export interface RecordedDetails {
  readonly name: string | undefined
  readonly title: string | undefined
  readonly description: string | undefined
  readonly annotations: OperationAnnotations | undefined
  readonly input: SchemaSource | undefined
  readonly output: SchemaSource | undefined
  readonly params: readonly Parameter[] | undefined
  readonly elicits: boolean | undefined
  /** Members of the input that may be read on record. */
  readonly audit: readonly string[] | undefined
  /** External services that the operation uses, by name. */
  readonly services: readonly string[] | undefined
}

/** What one `@Tool` says. */
export interface RecordedTool {
  readonly details: RecordedDetails
  readonly declaration: Declaration
}

/** What one `@RateLimit` says. */
export interface RecordedLimits {
  readonly limits: readonly CallLimit[]
  readonly declaration: Declaration
}

/** What one `@Arg` says. */
export interface RecordedArgument {
  readonly name: string
  readonly description: string | undefined
  readonly required: boolean
  readonly default: string | number | boolean | undefined
  readonly declaration: Declaration
}

/** What one `@McpServer` says. */
export interface RecordedServer {
  readonly name: string
  readonly version: string
  readonly prefix: string | undefined
  readonly instructions: string | undefined
  readonly declaration: Declaration
}

/** One instance for the process, one for whoever asks, or one for each call. */
export type Scope = 'singleton' | 'transient' | 'call'

/** What one `@Injectable` says. */
export interface RecordedInjectable {
  readonly scope: Scope
  readonly declaration: Declaration
}

/** Everything that was written on one method, in one class of the prototype chain. */
export interface MethodRecord {
  readonly protections: RecordedProtection[]
  readonly limits: RecordedLimits[]
  readonly tools: RecordedTool[]
  readonly arguments: Map<number, RecordedArgument>
  readonly injections: Map<number, InjectionKey>
}

/** Everything that was written on one class itself. */
export interface ClassRecord {
  readonly protections: RecordedProtection[]
  readonly limits: RecordedLimits[]
  readonly servers: RecordedServer[]
  readonly injectables: RecordedInjectable[]
  readonly injections: Map<number, InjectionKey>
}

const methods = new WeakMap<object, Map<string, MethodRecord>>()
const classes = new WeakMap<object, ClassRecord>()
const onPrototypes = new WeakMap<object, RecordedProtection[]>()
const limitsOnPrototypes = new WeakMap<object, RecordedLimits[]>()

/** The records of a prototype's own methods, by name, in the order of declaration. */
export function methodRecords(prototype: object): ReadonlyMap<string, MethodRecord> {
  return methods.get(prototype) ?? new Map<string, MethodRecord>()
}

/** The record of a class itself; nothing is inherited. */
export function classRecord(target: Class): ClassRecord | undefined {
  return classes.get(target)
}

/** The record of a method, to write to. */
export function recordMethod(prototype: object, method: string): MethodRecord {
  const known = methods.get(prototype) ?? new Map<string, MethodRecord>()
  methods.set(prototype, known)
  const record = known.get(method) ?? {
    ...{ protections: [], limits: [], tools: [] },
    ...{ arguments: new Map(), injections: new Map() },
  }
  known.set(method, record)
  return record
}

/** The record of a class, to write to. */
export function recordClass(target: object): ClassRecord {
  const record = classes.get(target) ?? {
    ...{ protections: [], limits: [], servers: [], injectables: [] },
    injections: new Map(),
  }
  classes.set(target, record)
  return record
}

/** Records the protection of a whole class: for the class, and for its prototype, which another constructor may take over. */
export function recordClassProtection(target: Class, protection: RecordedProtection): void {
  recordClass(target).protections.push(protection)
  const prototype: unknown = target.prototype
  if (typeof prototype !== 'object' || prototype === null) return
  onPrototypes.set(prototype, [...(onPrototypes.get(prototype) ?? []), protection])
}

/** The protections that stand on whatever class had this prototype; nothing is inherited. */
export function prototypeProtections(prototype: object): readonly RecordedProtection[] {
  return onPrototypes.get(prototype) ?? []
}

/** Records the limits of a whole class, in the same two places. */
export function recordClassLimits(target: Class, limits: RecordedLimits): void {
  recordClass(target).limits.push(limits)
  const prototype: unknown = target.prototype
  if (typeof prototype !== 'object' || prototype === null) return
  limitsOnPrototypes.set(prototype, [...(limitsOnPrototypes.get(prototype) ?? []), limits])
}

/** The limits that stand on whatever class had this prototype; nothing is inherited. */
export function prototypeLimits(prototype: object): readonly RecordedLimits[] {
  return limitsOnPrototypes.get(prototype) ?? []
}
