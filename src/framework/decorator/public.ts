import type { SchemaSource } from '../schema/schema-source.js'
import type { OperationArguments } from './operation-arguments.js'
import type { NamedToolOptions, ParameterValue, ToolOptions, WithInput } from './options.js'
import { protectionDecorator } from './protection-decorator.js'
import type { InputDecorator, OperationDecorator } from './target.js'

/**
 * Makes a method a tool that everybody who reaches the server may call, signed in or not.
 * Throws `ConfigurationError` at the decorator's line when an option is unknown, undefined or empty.
 *
 * @example
 * ```ts
 * class Server {
 *   @Public({ description: 'Is the server alive?' })
 *   ping() { return 'pong' }
 * }
 * ```
 */
export function Public(): OperationDecorator
export function Public(name: string): OperationDecorator
export function Public<Source extends SchemaSource>(
  name: string,
  options: NamedToolOptions & WithInput<Source>,
): InputDecorator<ParameterValue<Source>>
export function Public(name: string, options: NamedToolOptions): OperationDecorator
export function Public<Source extends SchemaSource>(
  options: ToolOptions & WithInput<Source>,
): InputDecorator<ParameterValue<Source>>
// Last, because the compiler explains the last one: what is wrong with options is what people need to hear.
export function Public(options: ToolOptions): OperationDecorator
export function Public(...args: OperationArguments<ToolOptions>): OperationDecorator {
  return protectionDecorator({ decorator: '@Public', access: 'public', factory: Public }, args)
}
