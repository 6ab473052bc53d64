import { refuseBare } from './bare-decorator.js'
import { readOptions, text, type ReadOptions } from './check-options.js'
import { Declaration } from './declaration.js'
import { refuse } from './refuse.js'
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
  refuseBare(McpServer, [options])
  const read = readOptions(options, { name: text, version: text, prefix: text, instructions: text })
  const decorate = (...use: DecoratorArguments): void => {
    const target = targetOf(use)
    const declaration = declare(target.on, decorate)
    refuse('@McpServer', declaration, problemsOf(read))
    if (target.kind !== 'class') return refuse('@McpServer', declaration, ['belongs on a class'])
    if (read.options === undefined) return
    const { name, version, prefix, instructions } = read.options
    recordClass(target.target).servers.push({ name, version, prefix, instructions, declaration })
  }
  return decorate
}

function problemsOf({ options, problems }: ReadOptions<McpServerOptions>): readonly string[] {
  if (options === undefined) return problems
  return (['name', 'version'] as const).filter((key) => options[key] === undefined).map((key) => `needs a ${key}`)
}
