import type { CallContext } from '../../core/operation/call-context.js'
import type { CallLimit } from '../../core/operation/call-limit.js'
import type { SchemaSource } from '../schema/schema-source.js'
import { Declaration, type Callable } from './declaration.js'
import { protectionOf, readArguments, type OperationArguments } from './operation-arguments.js'
import type {
  FunctionProtectionOptions,
  FunctionToolOptions,
  Parameter,
  ParameterValue,
  ParameterValues,
  ProtectionOptions,
  RateLimitOption,
  WithInput,
} from './options.js'
import { rateLimits, readLimits, type ReadLimits } from './rate-limit-options.js'
import { refuse } from './refuse.js'
import type { RecordedProtection } from './record.js'

/** What a tool made of a function consists of. */
interface ToolParts {
  readonly protection: RecordedProtection
  readonly limits: readonly CallLimit[]
  readonly handler: Callable
}

/** A tool made of a function, to be handed to the application. Made by `protectedByAuthSec` and `publicTool`. */
export class ToolDefinition {
  readonly #handler: Callable
  readonly #protection: RecordedProtection
  readonly #limits: readonly CallLimit[]

  /** @internal */
  constructor({ protection, limits, handler }: ToolParts) {
    this.#protection = protection
    this.#limits = limits
    this.#handler = handler
  }

  /** The parts of a genuine definition; `undefined` for anything else, so that nothing unprotected passes for one. */
  static open(value: unknown): ToolParts | undefined {
    if (typeof value !== 'object' || value === null || !(#handler in value)) return undefined
    return { protection: value.#protection, limits: value.#limits, handler: value.#handler }
  }
}

/** The input of a handler that declares none. */
export type NoInput = Readonly<Record<string, never>>

/** Options of a function whose parameters are injected by position. */
export interface WithParams<Asked extends readonly Parameter[]> {
  readonly params: Asked
}

/** Options of a function that takes no input. */
export interface WithoutInput {
  readonly input?: never
  readonly params?: never
}

/** Injects what `params` lists. */
export type InjectedHandler<Asked extends readonly Parameter[]> = (...values: ParameterValues<Asked>) => unknown

/** Takes the checked input and the call. */
export type InputHandler<Input> = (input: Input, call: CallContext) => unknown

/**
 * A tool that only some callers see and may call, made of a function: the function gets the checked input and the call,
 * or what `params` lists. Throws `ConfigurationError` at the line of the call when an option is unknown, undefined or empty.
 *
 * @example
 * ```ts
 * const greet = protectedByAuthSec('greet', { roles: ['staff'] }, (_input, call) => `Hello, ${call.user?.email}!`)
 * ```
 */
export function protectedByAuthSec<const Asked extends readonly Parameter[]>(
  name: string,
  options: FunctionProtectionOptions & WithParams<Asked>,
  handler: InjectedHandler<Asked>,
): ToolDefinition
export function protectedByAuthSec<Source extends SchemaSource>(
  name: string,
  options: FunctionProtectionOptions & WithInput<Source> & { readonly params?: never },
  handler: InputHandler<ParameterValue<Source>>,
): ToolDefinition
export function protectedByAuthSec(
  name: string,
  options: FunctionProtectionOptions & WithoutInput,
  handler: InputHandler<NoInput>,
): ToolDefinition
export function protectedByAuthSec(
  name: string,
  options: FunctionProtectionOptions,
  handler: Callable,
): ToolDefinition {
  return define({ callee: protectedByAuthSec, access: 'protected', args: [name, options], handler })
}

/**
 * A tool that everybody who reaches the server may call, made of a function. Throws `ConfigurationError` at the line of
 * the call when an option is unknown, undefined or empty.
 *
 * @example
 * ```ts
 * const ping = publicTool('ping', { description: 'Is the server alive?' }, () => 'pong')
 * ```
 */
export function publicTool<const Asked extends readonly Parameter[]>(
  name: string,
  options: FunctionToolOptions & WithParams<Asked>,
  handler: InjectedHandler<Asked>,
): ToolDefinition
export function publicTool<Source extends SchemaSource>(
  name: string,
  options: FunctionToolOptions & WithInput<Source> & { readonly params?: never },
  handler: InputHandler<ParameterValue<Source>>,
): ToolDefinition
export function publicTool(
  name: string,
  options: FunctionToolOptions & WithoutInput,
  handler: InputHandler<NoInput>,
): ToolDefinition
export function publicTool(name: string, options: FunctionToolOptions, handler: Callable): ToolDefinition {
  return define({ callee: publicTool, access: 'public', args: [name, options], handler })
}

interface Written {
  readonly callee: Callable
  readonly access: 'public' | 'protected'
  readonly args: OperationArguments<ProtectionOptions & RateLimitOption>
  readonly handler: Callable
}

function define({ callee, access, args, handler }: Written): ToolDefinition {
  const declaration = Declaration.ofCall(callee, `tool "${String(args[0])}"`)
  const said = readArguments(args, access, { rateLimit: rateLimits })
  const { limits, problems } = limitsOf(said.options)
  refuse(callee.name, declaration, [
    ...(typeof args[0] === 'string' ? [] : ['the name comes first']),
    ...said.problems,
    ...problems,
    ...(typeof handler === 'function' ? [] : ['the handler must be a function']),
  ])
  return new ToolDefinition({ protection: { ...protectionOf(access, said), declaration }, limits, handler })
}

/** Of options that were found right already; what is read here is what counts. */
function limitsOf(options: RateLimitOption | undefined): ReadLimits {
  return options?.rateLimit === undefined ? { limits: [], problems: [] } : readLimits(options.rateLimit)
}
