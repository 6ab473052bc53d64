import { rangeFault } from '../../adapter/net/trusted-proxies.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'

/**
 * The addresses, and ranges of addresses, of the reverse proxies in front of this server, which `AUTHSEC_TRUSTED_PROXIES` lists.
 * Throws one `ConfigurationError` with all that is wrong with any.
 */
export function readTrustedProxies(text: string | undefined): readonly string[] {
  const ranges = (text ?? '').split(',').flatMap((range) => range.trim() || [])
  const faults = ranges.flatMap((range) => {
    const fault = rangeFault(range)
    if (fault === undefined) return []
    return [
      new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `AUTHSEC_TRUSTED_PROXIES: ${JSON.stringify(range)} ${fault}`),
    ]
  })
  const failure = ConfigurationError.join(faults)
  if (failure !== undefined) throw failure
  return ranges
}
