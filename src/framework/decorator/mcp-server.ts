import { optionProblems, text } from './check-options.js'
import { Declaration } from './declaration.js'
import { refuse } from './protection-decorator.js'
import { recordClass } from './record.js'
import { targetOf, type DecoratorArguments, type ServerClassDecorator } from './target.js'

/** What a server is called, and what it says of itself. */
export interface McpServerOptions {
  /** What clients show for this server. */
  readonly name: string
  readonly version: string
  /** Put before the names of all its operations, as in `billing_list_invoices`. */
  readonly prefix?: string
  /** What a model should know before it uses the server. */
  readonly instructions?: string
}

/**
 * Makes a class a server: its methods with `@ProtectedByAuthSec` or `@Public` become operations, and there is one instance
 * of it. Throws `ConfigurationError` when an option is unknown, undefined or empty.
 *
 * @example
 * ```ts
 * @McpServer({ name: 'Billing', version: '1.0.0', prefix: 'billing' })
 * class BillingServer {}
 * ```
 */
export function McpServer(options: McpServerOptions): ServerClassDecorator {
  const declare = Declaration.ofDecorator(McpServer)
  const decorate = (...use: DecoratorArguments): void => {
    const target = targetOf(use)
    const declaration = declare(target.on, decorate)
    refuse('@McpServer', declaration, problemsOf(options))
    if (target.kind !== 'class') return refuse('@McpServer', declaration, ['belongs on a class'])
    const { name, version, prefix, instructions } = options
    recordClass(target.target).servers.push({ name, version, prefix, instructions, declaration })
  }
  return decorate
}

function problemsOf(options: McpServerOptions): readonly string[] {
  const problems = optionProblems(options, { name: text, version: text, prefix: text, instructions: text })
  if (problems.length > 0) return problems
  return (['name', 'version'] as const).filter((key) => options[key] === undefined).map((key) => `needs a ${key}`)
}
