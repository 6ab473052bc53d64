import { isIPv6 } from 'node:net'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { VariableName } from './environment.js'

/** An IPv6 address in brackets, as it stands in a URL. */
export function parseHost(text: string): string {
  return isIPv6(text) ? `[${text}]` : text
}

/** The number of a port; `undefined` where nobody said any. Throws `ConfigurationError`. */
export function parsePort(name: VariableName, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `${name} is a number from 0 to 65535`)
}
