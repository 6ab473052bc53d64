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

/** How a Host header calls this server: by the public URL's host, by another of its loopback names, or by none of its own. */
export function hostNaming(url: PublicUrl, host: string | undefined): 'public' | 'loopback' | 'foreign' {
  const own = new URL(url.origin)
  const text = `${own.protocol}//${host ?? ''}`
  if (host === undefined || !/^[A-Za-z0-9.:[\]-]+$/.test(host) || !URL.canParse(text)) return 'foreign'
  const asked = new URL(text)
  if (asked.host === own.host) return 'public'
  return areSameMachine(asked, own) ? 'loopback' : 'foreign'
}

/** Whether a redirect URI leads back to this server, by whatever name: an answer must not become a request of ours. */
export function leadsBackHere(url: PublicUrl, uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const target = new URL(uri)
  return target.origin === url.origin || areSameMachine(target, new URL(url.origin))
}

/** Whether `uri` is http on this computer (RFC 8252 §7.3). */
export function isLoopbackUrl(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  return protocol === 'http:' && loopbackHosts.has(hostname)
}

function areSameMachine(left: URL, right: URL): boolean {
  return (
    left.protocol === right.protocol &&
    left.port === right.port &&
    loopbackHosts.has(left.hostname) &&
    loopbackHosts.has(right.hostname)
  )
}
