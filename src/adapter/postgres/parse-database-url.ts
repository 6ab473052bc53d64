import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { ConnectionSettings } from './connection-settings.js'
import { isStorable } from './storable-text.js'

/** Where the master database is. */
export interface DatabaseAddress {
  readonly connection: ConnectionSettings
  readonly masterDatabase: string
}

const defaultDatabase = 'authsec'
const defaultPort = 5432
const loopback = new Set(['localhost', '127.0.0.1', '::1'])

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`, the form of `AUTHSEC_DATABASE_URL`. A host may be a Unix socket's
 * folder, percent-encoded. Without `sslmode` a host other than loopback is spoken to over verified TLS. The URL itself goes nowhere
 * else: drivers take connection options from it. Throws `ConfigurationError`, which never quotes the URL.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  const url = toUrl(text)
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') throw refuse('must start with postgres://')
  if (url.hash !== '') throw refuse('must not have a fragment: percent-encode # in the password')
  const host = decode(url.hostname, 'host').replace(/^\[(.*)\]$/, '$1')
  const user = decode(url.username, 'user name')
  if (host === '') throw refuse('lacks a host')
  if (user === '') throw refuse('lacks a user name')
  return {
    connection: {
      host,
      port: url.port === '' ? defaultPort : Number(url.port),
      user,
      password: decode(url.password, 'password'),
      ssl: sslOf(url, host.startsWith('/') || loopback.has(host)),
    },
    masterDatabase: databaseOf(url),
  }
}

function toUrl(text: string): URL {
  try {
    return new URL(text.trim())
  } catch {
    // The error of URL carries its input, hence the password: it must not become a cause.
    throw refuse('is not a URL: percent-encode special characters in user name and password')
  }
}

function databaseOf(url: URL): string {
  const name = decode(url.pathname.replace(/^\//, ''), 'database name')
  if (name === '') return defaultDatabase
  if (name.includes('/')) throw refuse('has more than a database name in its path')
  // PostgreSQL cuts longer names silently, and would connect to another database.
  if (Buffer.byteLength(name) > 63) throw refuse('has a database name of more than 63 bytes')
  return name
}

function sslOf(url: URL, isLocal: boolean): boolean {
  const names = [...url.searchParams.keys()]
  if (names.some((name) => name !== 'sslmode') || names.length > 1) throw refuse('may have one parameter, sslmode')
  switch (url.searchParams.get('sslmode')) {
    case null:
      return !isLocal
    case 'disable':
      return false
    case 'require':
    case 'verify-full':
      return true
    default:
      throw refuse('has an unknown sslmode: use disable, require or verify-full')
  }
}

function decode(part: string, what: string): string {
  try {
    const text = decodeURIComponent(part)
    if (isStorable(text)) return text
  } catch {
    // Reported below; the error would quote the part.
  }
  throw refuse(`has a ${what} that is not percent-encoded text`)
}

function refuse(fault: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_DATABASE', `AUTHSEC_DATABASE_URL ${fault}`)
}
