import type { SchemaSource } from '../schema/schema-source.js'
import type { OperationArguments } from './operation-arguments.js'
import type { DemandOptions, NamedProtectionOptions, ParameterValue, ProtectionOptions, WithInput } from './options.js'
import { protectionDecorator } from './protection-decorator.js'
import type { InputDecorator, OperationDecorator, ServerClassDecorator } from './target.js'

/**
 * Makes a method a tool that only some callers see and may call: every authenticated user, or those who hold what the
 * options list. On a class it protects every operation of the class, on top of what each method demands.
 * Throws `ConfigurationError` at the decorator's line when an option is unknown, undefined or empty.
 *
 * @example
 * ```ts
 * class Server {
 *   @ProtectedByAuthSec({ roles: ['admin'] })
 *   adminPanel() { return 'Admin panel accessed' }
 * }
 * ```
 */
export function ProtectedByAuthSec(): OperationDecorator & ServerClassDecorator
export function ProtectedByAuthSec(name: string): OperationDecorator
export function ProtectedByAuthSec<Source extends SchemaSource>(
  name: string,
  options: NamedProtectionOptions & WithInput<Source>,
): InputDecorator<ParameterValue<Source>>
export function ProtectedByAuthSec(name: string, options: NamedProtectionOptions): OperationDecorator
export function ProtectedByAuthSec(options: DemandOptions): OperationDecorator & ServerClassDecorator
export function ProtectedByAuthSec<Source extends SchemaSource>(
  options: ProtectionOptions & WithInput<Source>,
): InputDecorator<ParameterValue<Source>>
// Last, because the compiler explains the last one: what is wrong with options is what people need to hear.
export function ProtectedByAuthSec(options: ProtectionOptions): OperationDecorator
export function ProtectedByAuthSec(
  ...args: OperationArguments<ProtectionOptions>
): OperationDecorator & ServerClassDecorator {
  return protectionDecorator(
    { decorator: '@ProtectedByAuthSec', access: 'protected', factory: ProtectedByAuthSec },
    args,
  )
}
