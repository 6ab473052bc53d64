import type { SchemaSource } from '../schema/schema-source.js'
import { refuseBare } from './bare-decorator.js'
import { readOptions, toolChecks } from './check-options.js'
import { Declaration } from './declaration.js'
import { detailsOf } from './operation-arguments.js'
import type { ParameterValue, ToolOptions, WithInput } from './options.js'
import { methodProblems } from './protection-decorator.js'
import { recordMethod } from './record.js'
import { refuse } from './refuse.js'
import { targetOf, type DecoratorArguments, type InputDecorator, type OperationDecorator } from './target.js'

/**
 * Says what clients are told of a tool, beside `@ProtectedByAuthSec` or `@Public`, in any order. It protects nothing: a
 * method with `@Tool` alone stops the start. Throws `ConfigurationError` when an option is unknown, undefined or empty.
 *
 * @example
 * ```ts
 * class Server {
 *   @ProtectedByAuthSec({ roles: ['admin'] })
 *   @Tool({ title: 'Restart', annotations: { destructiveHint: true } })
 *   restart() { return 'restarted' }
 * }
 * ```
 */
export function Tool<Source extends SchemaSource>(
  options: ToolOptions & WithInput<Source>,
): InputDecorator<ParameterValue<Source>>
export function Tool(options: ToolOptions): OperationDecorator
export function Tool(...args: readonly [options: ToolOptions]): OperationDecorator {
  const declare = Declaration.ofDecorator(Tool)
  refuseBare(Tool, args)
  const { options, problems } = readOptions(args[0], toolChecks)
  const details = detailsOf(undefined, options)
  const decorate = (...use: DecoratorArguments): void => {
    const target = targetOf(use)
    const declaration = declare(target.on, decorate)
    refuse('@Tool', declaration, [...methodProblems(target), ...problems])
    if (target.kind !== 'method') return
    recordMethod(target.prototype, target.method).tools.push({ details, declaration })
  }
  return decorate
}
