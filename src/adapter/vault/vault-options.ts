import { X509Certificate } from 'node:crypto'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { Clock } from '../../core/runtime/clock.js'
import type { Log } from '../../core/runtime/log.js'
import type { VaultPlace } from './connection/vault-connection.js'
import { isPlainPath } from './connection/vault-path.js'
import type { Timers } from './token/timers.js'
import type { VaultLoginOptions } from './token/vault-login.js'

export interface VaultOptions {
  /** The origin of Vault, such as `https://vault.example.com:8200`. */
  readonly address: string
  /** Default: none. */
  readonly namespace?: string
  /** PEM certificates of the authorities that Vault's certificate may be of. Default: those that Node brings along. */
  readonly ca?: readonly string[]
  /** Of the KV secrets engine, version 2. Default: `secret`. */
  readonly mount?: string
  readonly login: VaultLoginOptions
  /** Whether http is allowed, to a loopback address: for development. Default: `nowhere`. */
  readonly plainHttp?: 'loopback' | 'nowhere'
  /** How long a whole answer may take. Default: 3000. */
  readonly milliseconds?: number
  readonly log: Log
  /** Default: that of the system. */
  readonly clock?: Clock
  /** Default: those of the system. */
  readonly timers?: Timers
}

/** What the options come to. */
export interface CheckedVaultOptions {
  readonly place: VaultPlace
  readonly mount: string
}

const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])
const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const namePattern = /^[\x21-\x7e]{1,4096}$/

/** Throws `ConfigurationError` for options that cannot be right. Nothing is asked yet. */
export function checkVaultOptions(options: VaultOptions): CheckedVaultOptions {
  const { ca, namespace, mount = 'secret', milliseconds = 3_000 } = options
  const address = requireAddress(options)
  if (ca !== undefined) requireCertificates(ca)
  if (namespace !== undefined) requirePath('the namespace of Vault', namespace.replace(/\/$/, ''))
  requirePath('the KV mount of Vault', mount)
  requireLogin(options.login)
  return { mount, place: { address, namespace, ca, milliseconds } }
}

function requireAddress({ address, plainHttp = 'nowhere' }: VaultOptions): string {
  const url = URL.parse(address)
  if (url === null || (url.href !== address && url.href !== `${address}/`) || url.pathname !== '/') {
    throw refused('ERR_CONFIG_URL', 'the address of Vault is an origin such as https://vault.example.com:8200')
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw refused('ERR_CONFIG_URL', 'the address of Vault has neither a user nor a query')
  }
  if (url.protocol === 'https:') return url.origin
  if (url.protocol === 'http:' && plainHttp === 'loopback' && loopbackHosts.has(url.hostname)) return url.origin
  const message = 'the address of Vault needs https; http is for loopback addresses, in development'
  throw refused('ERR_CONFIG_URL', message)
}

/** Node passes over what it cannot read, and trusts nobody then, which shows only at the first request. */
function requireCertificates(ca: readonly string[]): void {
  const certificates = ca.map((text) => text.match(certificatePattern) ?? [])
  const some = ca.length > 0 && certificates.every((found) => found.length > 0)
  if (!some || !certificates.flat().every(isCertificate)) {
    throw refused('ERR_CONFIG_OPTION', 'the CA of Vault is one or more certificates in PEM')
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

function requireLogin(login: VaultLoginOptions): void {
  if (login.method === 'token') {
    requireName('the token', login.token.reveal())
    return
  }
  if (login.mount !== undefined) requirePath('the mount of the login', login.mount)
  if (login.method === 'kubernetes') {
    requirePath('the role of the login', login.role)
    return
  }
  requireName('the role id', login.roleId)
  if ('reveal' in login.secretId) requireName('the secret id', login.secretId.reveal())
  if (login.wrappedFor !== undefined) requirePath('the role of the wrapped secret id', login.wrappedFor)
}

function requirePath(what: string, text: string): void {
  if (!isPlainPath(text)) throw refused('ERR_CONFIG_OPTION', `${what} is a plain path of letters and digits`)
}

function requireName(what: string, text: string): void {
  if (!namePattern.test(text)) throw refused('ERR_CONFIG_OPTION', `${what} for Vault is empty or has spaces`)
}

function refused(code: 'ERR_CONFIG_OPTION' | 'ERR_CONFIG_URL', message: string): ConfigurationError {
  return new ConfigurationError(code, message)
}
