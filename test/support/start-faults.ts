import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigurationError } from '../../src/core/error/configuration-error.js'
import { assemble, type AssemblyOptions } from '../../src/framework/container/assemble.js'
import type { Class } from '../../src/framework/decorator/reflect.js'

/** The `ConfigurationError` that `action` throws. Throws `TypeError` when it does not. */
export function faultOf(action: () => unknown): ConfigurationError {
  try {
    action()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new TypeError('nothing was refused')
}

/** What stops the start of these servers, one by one. */
export function startFaults(...servers: readonly Class[]): readonly ConfigurationError[] {
  return assemblyFaults({ servers })
}

/** What stops the start of an assembly, one by one. */
export function assemblyFaults(options: AssemblyOptions): readonly ConfigurationError[] {
  const fault = faultOf(() => assemble(options))
  return fault.faults.length > 0 ? fault.faults : [fault]
}

/** `file:line` of the one line of a test file that ends in the comment `// <mark>`. */
export function lineOf(module: string, mark: string): string {
  const file = fileURLToPath(module)
  const lines = readFileSync(file, 'utf8').split('\n')
  const found = lines.flatMap((line, index) => (line.endsWith(`// ${mark}`) ? [index + 1] : []))
  if (found.length !== 1) throw new TypeError(`${found.length} lines end in "// ${mark}"`)
  return `${relative(process.cwd(), file)}:${found[0]}`
}
