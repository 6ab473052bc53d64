import { resolve } from 'node:path'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { LogLevel } from '../../core/runtime/log.js'
import type { IssuerOptions } from '../../core/trust/issuer-options.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'
import { readAuditStreams, type AuditStreamSettings } from './read-audit-streams.js'
import { readEnvironment, type Environment, type VariableName } from './environment.js'
import { defaultHome } from './home.js'
import { parseHost, parsePort } from './listen-address.js'
import { decideLogin, loginWays, type LoginWay } from './login-way.js'
import { isLocal, isLoopback } from './loopback.js'
import { readMetricsPlace, type MetricsPlace } from './metrics-place.js'
import { readTrustedIssuers } from './read-trusted-issuers.js'
import { readTrustedProxies } from './read-trusted-proxies.js'
import { readVaultSettings, type VaultSettings } from './read-vault-settings.js'

/** What code may set; the environment goes before it. */
export interface SettingsInput {
  readonly clientId?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly publicUrl?: string | undefined
  readonly allowedOrigins?: readonly string[] | undefined
  readonly login?: LoginWay | undefined
  /** Default: `stateful`. */
  readonly sessions?: 'stateful' | 'stateless' | undefined
  /** Signing in with the five tools is wanted beyond loopback. */
  readonly sessionLogin?: 'allowed' | undefined
  readonly issuers?: readonly IssuerOptions[] | undefined
  /** Whether a production server may be its own authorization server; not asked by what starts none. */
  readonly inProcessManager?: 'allowed' | 'refused' | undefined
}

export type TransportKind = 'http' | 'stdio'

export type OwnIssuer = 'served' | 'absent'

export interface Settings {
  /** Embedded database, loopback only, environment not production: design of the development default. */
  readonly mode: 'development' | 'production'
  readonly clientId: string
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Without a slash at its end; `undefined` means `http://<host>:<port>`. */
  readonly publicUrl: string | undefined
  readonly allowedOrigins: readonly string[]
  /** Addresses and ranges of the reverse proxies whose word counts for who sent a request. */
  readonly trustedProxies: readonly string[]
  readonly databaseUrl: string | undefined
  /** The same cluster past a pooler, for what has to stay on one connection. */
  readonly directDatabaseUrl: string | undefined
  /** Connections to PostgreSQL that this process holds at most. */
  readonly databaseConnections: number
  readonly masterKey: string | undefined
  /** What opens the local store of credentials, in development. */
  readonly localVaultKey: string | undefined
  /** Where credentials of services are; `undefined`: in the local store. */
  readonly vault: VaultSettings | undefined
  /** Where the audit trail is sent as it grows. */
  readonly auditStreams: AuditStreamSettings
  /** Absolute path of the folder for everything this server keeps outside a database. */
  readonly home: string
  readonly login: LoginWay
  /** Whether this process is an authorization server, too. */
  readonly ownIssuer: OwnIssuer
  /** Issuers of environment and code, in this order. */
  readonly issuers: readonly TrustedIssuer[]
  /** Whether a server on stdio opens the user's browser. */
  readonly openBrowser: boolean
  readonly logLevel: LogLevel | 'silent'
  /** How many days rows of the audit trail stay; `undefined`: for good. */
  readonly auditRetentionDays: number | undefined
  /** Where metrics are served; `undefined` where nobody asked for them. */
  readonly metrics: MetricsPlace | undefined
  readonly warnings: readonly string[]
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
const transports = ['http', 'stdio'] as const
const environmentNames: ReadonlySet<string> = new Set(['development', 'test', 'production'])

/** Joins environment, code and defaults, in this order. Throws `ConfigurationError` for whatever is out of range. */
export function readSettings(env: NodeJS.ProcessEnv, input: SettingsInput, entry: string | undefined): Settings {
  const environment = readEnvironment(env)
  const read = (name: VariableName): string | undefined => environment.values.get(name)
  const host = parseHost(read('HOST') ?? input.host ?? '127.0.0.1')
  const publicUrl = parsePublicUrl(read('AUTHSEC_PUBLIC_URL') ?? input.publicUrl)
  if (publicUrl === undefined && !isLoopback(host)) {
    throw badUrl(`it is needed with HOST ${host}, which others can reach: the https origin that clients use`)
  }
  const login = oneOf(loginWays, 'AUTHSEC_LOGIN', read('AUTHSEC_LOGIN') ?? input.login)
  const common = commonSettings(environment, input, { entry, host, publicUrl })
  const { ownIssuer } = common
  return {
    ...common,
    metrics: readMetricsPlace(environment),
    login: decideLogin({ ...input, asked: login, host, publicUrl, ownIssuer }),
  }
}

/**
 * The settings of a server on stdio: only its sign-in pages are on HTTP, on loopback and any free port unless `PORT` says which,
 * so `HOST`, `AUTHSEC_PUBLIC_URL` and `AUTHSEC_METRICS_PORT` do not matter. Throws like `readSettings`.
 */
export function readStdioSettings(env: NodeJS.ProcessEnv, input: SettingsInput, entry: string | undefined): Settings {
  const environment = readEnvironment(env)
  const place = { entry, host: '127.0.0.1', publicUrl: undefined }
  return { ...commonSettings(environment, { ...input, port: 0 }, place), metrics: undefined, login: 'tools' }
}

/** Which transport `AUTHSEC_TRANSPORT` asks for; `http` unless told. Throws `ConfigurationError`. */
export function readTransport(env: NodeJS.ProcessEnv): TransportKind {
  return oneOf(transports, 'AUTHSEC_TRANSPORT', readEnvironment(env).values.get('AUTHSEC_TRANSPORT')) ?? 'http'
}

interface Place {
  readonly entry: string | undefined
  readonly host: string
  readonly publicUrl: string | undefined
}

function commonSettings(
  environment: Environment,
  input: SettingsInput,
  { entry, host, publicUrl }: Place,
): Omit<Settings, 'login' | 'metrics'> {
  const read = (name: VariableName): string | undefined => environment.values.get(name)
  const databaseUrl = read('AUTHSEC_DATABASE_URL')
  const home = read('AUTHSEC_HOME')
  const mode = modeOf(environment, { host, publicUrl, databaseUrl })
  const auditStreams = readAuditStreams(environment)
  return {
    mode,
    ownIssuer: mode === 'production' && input.inProcessManager === 'refused' ? 'absent' : 'served',
    issuers: readTrustedIssuers(read('AUTHSEC_ISSUERS'), input.issuers),
    clientId: read('AUTHSEC_CLIENT_ID') ?? input.clientId ?? 'authsec-development',
    host,
    port: parsePort('PORT', read('PORT')) ?? parsePort('PORT', input.port?.toString()) ?? 3005,
    publicUrl,
    allowedOrigins: parseOrigins(read('AUTHSEC_ALLOWED_ORIGINS')?.split(',') ?? input.allowedOrigins ?? []),
    trustedProxies: readTrustedProxies(read('AUTHSEC_TRUSTED_PROXIES')),
    databaseUrl,
    directDatabaseUrl: read('AUTHSEC_DATABASE_DIRECT_URL'),
    databaseConnections: parseConnections(read('AUTHSEC_DATABASE_CONNECTIONS')),
    auditRetentionDays: parseRetention(read('AUTHSEC_AUDIT_RETENTION')),
    masterKey: read('AUTHSEC_MASTER_KEY'),
    localVaultKey: read('AUTHSEC_LOCAL_VAULT_KEY'),
    vault: readVaultSettings(environment),
    auditStreams,
    home: home === undefined ? defaultHome(entry) : resolve(home),
    openBrowser: parseSwitch('AUTHSEC_OPEN_BROWSER', read('AUTHSEC_OPEN_BROWSER')),
    logLevel: oneOf(logLevels, 'AUTHSEC_LOG_LEVEL', read('AUTHSEC_LOG_LEVEL')) ?? 'info',
    warnings: [...environment.warnings, ...auditStreams.warnings],
  }
}

function modeOf(
  environment: Environment,
  facts: Pick<Settings, 'host' | 'publicUrl' | 'databaseUrl'>,
): Settings['mode'] {
  const named = environmentName(environment)
  return named === 'development' && isLocal(facts) && facts.databaseUrl === undefined ? 'development' : 'production'
}

/** Production if either variable says so, or says what we do not know: a slip of the pen must not open a server. */
function environmentName(environment: Environment): Settings['mode'] {
  const ownName = environment.values.get('AUTHSEC_ENV')
  if (ownName !== undefined && !environmentNames.has(ownName)) {
    throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `AUTHSEC_ENV is one of ${[...environmentNames].join(', ')}`)
  }
  const nodeName = environment.values.get('NODE_ENV')
  const names = [ownName, nodeName].filter((name) => name !== undefined)
  return names.every((name) => name === 'development' || name === 'test') ? 'development' : 'production'
}

const usualConnections = 50
const fewestConnections = 5

function parseConnections(text: string | undefined): number {
  const connections = Number(text ?? usualConnections)
  if (Number.isInteger(connections) && connections >= fewestConnections && connections <= 1000) return connections
  throw new ConfigurationError(
    'ERR_CONFIG_ENVIRONMENT',
    `AUTHSEC_DATABASE_CONNECTIONS is a number from ${fewestConnections} to 1000`,
  )
}

/** A slip of the pen must not remove what happened today. */
export const fewestRetentionDays = 7
export const mostRetentionDays = 36_500

function parseRetention(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const days = Number(text)
  if (/^\d{1,5}$/.test(text) && days >= fewestRetentionDays && days <= mostRetentionDays) return days
  throw new ConfigurationError(
    'ERR_CONFIG_ENVIRONMENT',
    `AUTHSEC_AUDIT_RETENTION is a number of days from ${fewestRetentionDays} to ${mostRetentionDays}`,
  )
}

function parsePublicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  const plain = url !== null && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === ''
  if (!plain) throw badUrl('it must be an origin such as https://mcp.example.com, without path, query or user')
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url.origin
  throw badUrl('it must use https; http is for loopback addresses only')
}

function badUrl(reason: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_URL', `AUTHSEC_PUBLIC_URL (publicUrl): ${reason}`)
}

function parseOrigins(texts: readonly string[]): readonly string[] {
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      const url = URL.parse(text)
      if (url !== null && url.origin === text) return text
      throw new ConfigurationError(
        'ERR_CONFIG_URL',
        'AUTHSEC_ALLOWED_ORIGINS lists origins such as https://app.example.com',
      )
    })
}

function parseSwitch(name: VariableName, text: string | undefined): boolean {
  return oneOf(['1', '0', 'true', 'false'] as const, name, text) !== '0' && text !== 'false'
}

function oneOf<Word extends string>(
  words: readonly Word[],
  name: VariableName,
  text: string | undefined,
): Word | undefined {
  if (text === undefined) return undefined
  const word = words.find((known) => known === text)
  if (word !== undefined) return word
  throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `${name} is one of ${words.join(', ')}`)
}
