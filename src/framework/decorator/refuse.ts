import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { Declaration } from './declaration.js'

/** Throws `ConfigurationError` with every problem of one decorator. */
export function refuse(decorator: string, declaration: Declaration, problems: readonly string[]): void {
  const fault = ConfigurationError.join(
    problems.map((problem) =>
      declaration.fault('ERR_CONFIG_OPTION', `${decorator} on ${declaration.label}: ${problem}`),
    ),
  )
  if (fault !== undefined) throw fault
}
