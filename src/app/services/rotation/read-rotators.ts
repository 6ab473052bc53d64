import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { CredentialRotator } from '../../../core/external-service/rotation/credential-rotator.js'

/** How an application replaces credentials of services, by their names. */
export type Rotators = ReadonlyMap<string, CredentialRotator>

/** The option `rotators`. Throws `ConfigurationError` for one that could not be asked when it is needed. */
export function readRotators(written: Readonly<Record<string, CredentialRotator>> = {}): Rotators {
  for (const [name, rotator] of Object.entries(written)) {
    const isOne = typeof rotator?.create === 'function' && ['function', 'undefined'].includes(typeof rotator.revoke)
    if (!isOne) {
      const message = `the rotator of ${JSON.stringify(name)} needs a function create, and may have a function revoke`
      throw new ConfigurationError('ERR_CONFIG_OPTION', message)
    }
  }
  return new Map(Object.entries(written))
}
