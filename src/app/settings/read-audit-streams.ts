import type { SyslogTarget } from '../../adapter/audit-stream/syslog-target.js'
import { Secret } from '../../core/credential/secret.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { Environment } from './environment.js'
import { isLoopback } from './loopback.js'

/** Where the audit trail is sent as it grows. */
export interface AuditStreamSettings {
  readonly syslog: SyslogTarget | undefined
  readonly otlp: OtlpTarget | undefined
  /** PEM certificates that the receivers' may be of, besides those that everybody trusts. */
  readonly ca: string | undefined
  readonly warnings: readonly string[]
}

export interface OtlpTarget {
  readonly url: string
  /** By which the receiver knows us, by their names in lower case. */
  readonly headers: ReadonlyMap<string, Secret>
}

const usualPorts = { 'tls:': 6514, 'tcp:': undefined, 'udp:': 514 } as const
const transports = { 'tls:': 'tls', 'tcp:': 'tcp', 'udp:': 'udp' } as const
/** What only the request itself can say. */
const ownHeaders: ReadonlySet<string> = new Set([
  ...['connection', 'content-encoding', 'content-length', 'content-type', 'host', 'transfer-encoding', 'upgrade'],
])

/** Throws `ConfigurationError` for a receiver that cannot be one. */
export function readAuditStreams({ values }: Environment): AuditStreamSettings {
  const syslog = parseSyslog(values.get('AUTHSEC_AUDIT_SYSLOG'))
  const headers = parseHeaders(values.get('AUTHSEC_AUDIT_OTLP_HEADERS'))
  const url = parseOtlp(values.get('AUTHSEC_AUDIT_OTLP'))
  if (url === undefined && headers.size > 0) {
    throw fault('AUTHSEC_AUDIT_OTLP_HEADERS is set, but not AUTHSEC_AUDIT_OTLP')
  }
  const ca = parseCertificates(values.get('AUTHSEC_AUDIT_CA'))
  if (ca !== undefined && syslog === undefined && url === undefined) {
    throw fault('AUTHSEC_AUDIT_CA is set, but neither AUTHSEC_AUDIT_SYSLOG nor AUTHSEC_AUDIT_OTLP')
  }
  return {
    syslog,
    otlp: url === undefined ? undefined : { url, headers },
    ca,
    warnings: syslog === undefined ? [] : warningsOf(syslog),
  }
}

function parseSyslog(text: string | undefined): SyslogTarget | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  const scheme = url?.protocol
  const isPlain = url !== null && !/[?#@]/.test(text) && (url.pathname === '' || url.pathname === '/')
  if (!isPlain || (scheme !== 'tls:' && scheme !== 'tcp:' && scheme !== 'udp:') || url.hostname === '') {
    throw fault('AUTHSEC_AUDIT_SYSLOG is tls://HOST:PORT, or tcp or udp instead of tls')
  }
  const port = url.port === '' ? usualPorts[scheme] : Number(url.port)
  if (port === undefined || port === 0) throw fault('AUTHSEC_AUDIT_SYSLOG needs a port: there is no usual one for tcp')
  return { transport: transports[scheme], host: url.hostname.replace(/^\[|\]$/g, ''), port }
}

function warningsOf({ host, transport }: SyslogTarget): readonly string[] {
  if (transport === 'tls' || isLoopback(host) || host === '::1') return []
  const words =
    'AUTHSEC_AUDIT_SYSLOG sends the audit trail over the network as it is, for anybody on the way to read and change'
  const lost = transport === 'udp' ? ', and nobody learns what is lost' : ''
  return [`${words}${lost}: use tls://`]
}

function parseOtlp(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (url === null || !isSafe || /[?#@]/.test(text) || url.pathname === '/') {
    throw fault(
      'AUTHSEC_AUDIT_OTLP is the https URL of the logs, such as https://collector.example:4318/v1/logs, and nothing more; ' +
        'http is for loopback addresses only, and keys go into AUTHSEC_AUDIT_OTLP_HEADERS_FILE',
    )
  }
  return url.href
}

/** One `Name: value` on each line. What is wrong is not repeated: it may be a secret. */
function parseHeaders(text: string | undefined): ReadonlyMap<string, Secret> {
  const headers = new Map<string, Secret>()
  for (const line of text?.split(/\r?\n/) ?? []) {
    if (line.trim() === '') continue
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([\x20-\x7e]*?)[ \t]*$/.exec(line) ?? []
    const key = name.toLowerCase()
    if (value === '' || ownHeaders.has(key) || headers.has(key)) {
      throw fault(
        `AUTHSEC_AUDIT_OTLP_HEADERS has a "Name: value" on each line, each name once${name === '' ? '' : `; see ${name}`}`,
      )
    }
    headers.set(key, new Secret(value))
  }
  return headers
}

function parseCertificates(text: string | undefined): string | undefined {
  if (text === undefined || /^-----BEGIN CERTIFICATE-----$/m.test(text)) return text
  throw fault('AUTHSEC_AUDIT_CA is a certificate in PEM; AUTHSEC_AUDIT_CA_FILE names a file that has it')
}

function fault(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_ENVIRONMENT', message)
}
