import { ConfigurationError } from '../../core/error/configuration-error.js'

const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])

/**
 * An address that was configured: https, or http on this computer, in normal form and without query. `name` says in messages
 * which one it is. Throws `ConfigurationError`.
 */
export function requireConfiguredUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && !isLoopbackHttp(url))) {
    throw new ConfigurationError('ERR_CONFIG_URL', `${name} needs https; http is for loopback addresses only`)
  }
  // An issuer that is an origin is written without the slash that a URL ends with.
  if (![url.origin, url.origin + url.pathname].includes(text)) {
    throw new ConfigurationError('ERR_CONFIG_URL', `${name} is a URL in normal form, without query and fragment`)
  }
  return url
}

/** Where a provider sends the browser back to: with a path, so that it has one spelling. Throws `ConfigurationError`. */
export function requireRedirectUri(text: string): void {
  if (requireConfiguredUrl('the redirect URI', text).href === text) return
  throw new ConfigurationError('ERR_CONFIG_URL', 'the redirect URI needs a path')
}

/** Whether it is http on this computer. */
export function isLoopbackHttp({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && loopbackHosts.has(hostname)
}
