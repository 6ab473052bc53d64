import { ConfigurationError } from '../../../core/error/configuration-error.js'

/** The one address that the authorization server has, whatever a request says. */
export interface PublicUrl {
  /** The issuer identifier, byte-exact as it appears in tokens and metadata. */
  readonly issuer: string
  /** Its path, such as `/oauth`: never empty and without a slash at the end. */
  readonly prefix: string
  readonly origin: string
  readonly host: string
  readonly port: string
  readonly secure: boolean
}

const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])

/**
 * Reads an issuer identifier (RFC 8414 §2). Throws `ConfigurationError` unless it is https, or http on a loopback
 * address, with a path and nothing after it.
 */
export function parsePublicUrl(issuer: string): PublicUrl {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  const canonical = url !== undefined && url.href === issuer && /^\/[A-Za-z0-9/_-]*[A-Za-z0-9_-]$/.test(url.pathname)
  if (!canonical || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigurationError(
      'ERR_CONFIG_URL',
      'the issuer is a URL with a path and nothing after it, in normal form',
    )
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopbackHosts.has(url.hostname))) {
    throw new ConfigurationError('ERR_CONFIG_URL', 'the issuer needs https; http is for loopback addresses only')
  }
  const secure = url.protocol === 'https:'
  const port = url.port === '' ? (secure ? '443' : '80') : url.port
  return { issuer, prefix: url.pathname, origin: url.origin, host: url.host, port, secure }
}

/** Whether a Host header names this machine by another of its loopback names: cookies would not cross over. */
export function isOtherLoopbackName(url: PublicUrl, host: string | undefined): boolean {
  if (host === undefined || host === url.host || !URL.canParse(`http://${host}/`)) return false
  const own = new URL(url.origin)
  const asked = new URL(`http://${host}/`)
  return loopbackHosts.has(own.hostname) && loopbackHosts.has(asked.hostname) && asked.port === own.port
}
