import type { CallContext } from '../../core/operation/call-context.js'
import type { SchemaSource } from '../schema/schema-source.js'
import { Declaration, type Callable } from './declaration.js'
import { protectionOf, readArguments, type OperationArguments } from './operation-arguments.js'
import type {
  NamedProtectionOptions,
  NamedToolOptions,
  Parameter,
  ParameterValue,
  ParameterValues,
  ProtectionOptions,
  WithInput,
} from './options.js'
import { refuse } from './refuse.js'
import type { RecordedProtection } from './record.js'

/** A tool made of a function, to be handed to the application. Made by `protectedByAuthSec` and `publicTool`. */
export class ToolDefinition {
  readonly #handler: Callable
  readonly #protection: RecordedProtection

  /** @internal */
  constructor(protection: RecordedProtection, handler: Callable) {
    this.#protection = protection
    this.#handler = handler
  }

  /** The parts of a genuine definition; `undefined` for anything else, so that nothing unprotected passes for one. */
  static open(value: unknown): { readonly protection: RecordedProtection; readonly handler: Callable } | undefined {
    if (typeof value !== 'object' || value === null || !(#handler in value)) return undefined
    return { protection: value.#protection, handler: value.#handler }
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
  options: NamedProtectionOptions & WithParams<Asked>,
  handler: InjectedHandler<Asked>,
): ToolDefinition
export function protectedByAuthSec<Source extends SchemaSource>(
  name: string,
  options: NamedProtectionOptions & WithInput<Source> & { readonly params?: never },
  handler: InputHandler<ParameterValue<Source>>,
): ToolDefinition
export function protectedByAuthSec(
  name: string,
  options: NamedProtectionOptions & WithoutInput,
  handler: InputHandler<NoInput>,
): ToolDefinition
export function protectedByAuthSec(name: string, options: NamedProtectionOptions, handler: Callable): ToolDefinition {
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
  options: NamedToolOptions & WithParams<Asked>,
  handler: InjectedHandler<Asked>,
): ToolDefinition
export function publicTool<Source extends SchemaSource>(
  name: string,
  options: NamedToolOptions & WithInput<Source> & { readonly params?: never },
  handler: InputHandler<ParameterValue<Source>>,
): ToolDefinition
export function publicTool(
  name: string,
  options: NamedToolOptions & WithoutInput,
  handler: InputHandler<NoInput>,
): ToolDefinition
export function publicTool(name: string, options: NamedToolOptions, handler: Callable): ToolDefinition {
  return define({ callee: publicTool, access: 'public', args: [name, options], handler })
}

interface Written {
  readonly callee: Callable
  readonly access: 'public' | 'protected'
  readonly args: OperationArguments<ProtectionOptions>
  readonly handler: Callable
}

function define({ callee, access, args, handler }: Written): ToolDefinition {
  const declaration = Declaration.ofCall(callee, `tool "${String(args[0])}"`)
  const said = readArguments(args, access)
  refuse(callee.name, declaration, [
    ...(typeof args[0] === 'string' ? [] : ['the name comes first']),
    ...said.problems,
    ...(typeof handler === 'function' ? [] : ['the handler must be a function']),
  ])
  return new ToolDefinition({ ...protectionOf(access, said), declaration }, handler)
}
