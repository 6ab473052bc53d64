import type { OperationAnnotations } from '../../core/operation/operation.js'
import type { Category } from '../../core/permission/grants.js'
import type { Requirement } from '../../core/permission/requirement/requirement.js'
import type { SchemaSource } from '../schema/schema-source.js'
import type { RateLimits } from './rate-limit-options.js'
import type { Injected, InjectionKey } from './token.js'

/** One or more names. An empty list would allow everybody or nobody, so there is none. */
export type Names = readonly [string, ...string[]]

interface NoCategory extends Readonly<Partial<Record<Category | 'requireAll' | 'require', never>>> {}

type OneCategory = {
  [Listed in Category]: Readonly<Record<Listed, Names>> &
    Readonly<Partial<Record<Exclude<Category, Listed> | 'require', never>>> & { readonly requireAll?: boolean }
}[Category]

interface SeveralCategories extends Readonly<Partial<Record<Category, Names>>> {
  /** `true`: every category listed must pass, and within `resources` every value. `false`: any listed value of any category grants. */
  readonly requireAll: boolean
  readonly require?: never
}

interface Tree extends Readonly<Partial<Record<Category | 'requireAll', never>>> {
  /** Whatever the lists cannot say: `allOf(role('admin'), not(group('contractors')), policy(OfficeHours))`. */
  readonly require: Requirement
}

interface BearerOption {
  /**
   * `true`: only callers that bring a bearer token, not those who signed in with the five `oauth_*` tools. A class, a method or
   * anything it inherits from may demand it; `false` says nothing, so it takes nothing back.
   */
  readonly bearerOnly?: boolean
}

/** Who may use an operation. Without a category: every authenticated user. Several categories need an explicit `requireAll`; for anything else there is `require`. */
export type DemandOptions = (NoCategory | OneCategory | SeveralCategories | Tree) & BearerOption

interface ElevatableOption {
  /**
   * `true`: a caller who lacks only scopes that the tenant's database grants sees the operation, and a call is answered over HTTP
   * with 403 `insufficient_scope`, so that the client asks the user for them (step-up). Without it the operation is hidden. The
   * method's own decorator says it, not a class's. The requirement must name a scope, or the start stops.
   */
  readonly elevatable?: boolean
}

interface ServicesOption {
  /**
   * The external services of the tenant that the operation uses, by name: `ServiceAccess` refuses every other. Who may use them is
   * said with the service.
   */
  readonly services?: Names
}

/** What `params` may hold: what to inject, or the input's own class or schema; `String`, `Number` and `Boolean` beside `@Arg`. */
export type Parameter = InjectionKey | SchemaSource

interface Standard<Output> {
  readonly '~standard': { readonly types?: { readonly output: Output } | undefined }
}

/** What a handler receives for one entry of `params`, or for its input. */
export type ParameterValue<Asked> = Asked extends Standard<infer Output> ? Output : Injected<Asked>

/** What a handler receives for `params`, by position. */
export type ParameterValues<Asked extends readonly Parameter[]> = {
  -readonly [Index in keyof Asked]: ParameterValue<Asked[Index]>
}

/** What clients are told of a tool, and what the types alone cannot say. */
export interface ToolDetails {
  readonly title?: string
  readonly description?: string
  readonly annotations?: OperationAnnotations
  /** The input, where the method's types do not name a DTO class: a DTO class or any Standard Schema. */
  readonly input?: SchemaSource
  /** The structured answer: a DTO class or any Standard Schema. Answers are checked against it. */
  readonly output?: SchemaSource
  /** The parameters by position, where the compiler records no types. */
  readonly params?: readonly Parameter[]
  /** The operation asks the user questions: `CallContext.elicit` works only with this. */
  readonly elicits?: boolean
  /** What of a call's arguments may be read on record. Without it there is a digest of them, and nothing to read. */
  readonly audit?: AuditOptions
}

/** What may be read on record, where it can be erased, too. */
export interface AuditOptions {
  /**
   * Members of the input by name or path (`invoice.id`): texts, numbers, booleans and lists of them, none of which the schema marks
   * as secret. Whoever reads the audit trail reads them.
   */
  readonly include: Names
}

/** The options of `@Tool` and `@Public`. */
export interface ToolOptions extends ToolDetails {
  /** Defaults to the method's name in snake_case. */
  readonly name?: string
}

/** Options that declare an input. */
export interface WithInput<Source extends SchemaSource> {
  readonly input: Source
}

/** The options of `@ProtectedByAuthSec`. */
export type ProtectionOptions = ToolOptions & DemandOptions & ElevatableOption & ServicesOption

/** The same where the name is an argument of its own. */
export type NamedProtectionOptions = ToolDetails & { readonly name?: never } & DemandOptions &
  ElevatableOption &
  ServicesOption

/** The options of `@Public` where the name is an argument of its own. */
export type NamedToolOptions = ToolDetails & { readonly name?: never }

/** What stands in `@RateLimit` on a method, for tools made of functions. */
export interface RateLimitOption {
  readonly rateLimit?: RateLimits
}

/** The options of `protectedByAuthSec`. */
export type FunctionProtectionOptions = NamedProtectionOptions & RateLimitOption

/** The options of `publicTool`. */
export type FunctionToolOptions = NamedToolOptions & RateLimitOption
