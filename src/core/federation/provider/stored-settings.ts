import { ConfigurationError } from '../../error/configuration-error.js'
import type { StoredProvider } from './provider-store.js'
import { readUpstreamOptions } from '../read-upstream-options.js'
import type { UpstreamSettings } from '../upstream-provider.js'

/** What a provider of the database is to be. Throws `ConfigurationError` with all that is wrong with it. */
export function storedSettings({ clientSecret, fault, id, kind, name, options }: StoredProvider): UpstreamSettings {
  if (fault !== undefined) throw new ConfigurationError('ERR_CONFIG_UPSTREAM', `the provider cannot be used: ${fault}`)
  const secret = clientSecret === undefined ? {} : { clientSecret }
  return { ...readUpstreamOptions({ ...options, ...secret, kind, name }), id }
}
