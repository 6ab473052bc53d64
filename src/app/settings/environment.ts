import { readFileSync } from 'node:fs'
import { ConfigurationError } from '../../core/error/configuration-error.js'

const shared = ['PORT', 'HOST', 'NODE_ENV'] as const

const own = [
  'AUTHSEC_AUDIT_CA',
  'AUTHSEC_AUDIT_OTLP',
  'AUTHSEC_AUDIT_OTLP_HEADERS',
  'AUTHSEC_AUDIT_SYSLOG',
  'AUTHSEC_ENV',
  'AUTHSEC_PUBLIC_URL',
  'AUTHSEC_AUDIT_RETENTION',
  'AUTHSEC_DATABASE_URL',
  'AUTHSEC_DATABASE_DIRECT_URL',
  'AUTHSEC_DATABASE_CONNECTIONS',
  'AUTHSEC_HOME',
  'AUTHSEC_ISSUERS',
  'AUTHSEC_LOCAL_VAULT_KEY',
  'AUTHSEC_MASTER_KEY',
  'AUTHSEC_CLIENT_ID',
  'AUTHSEC_ALLOWED_ORIGINS',
  'AUTHSEC_LOG_LEVEL',
  'AUTHSEC_LOGIN',
  'AUTHSEC_METRICS_HOST',
  'AUTHSEC_METRICS_PORT',
  'AUTHSEC_OPEN_BROWSER',
  'AUTHSEC_TRANSPORT',
  'AUTHSEC_TRUSTED_PROXIES',
  'AUTHSEC_VAULT_ADDR',
  'AUTHSEC_VAULT_CA',
  'AUTHSEC_VAULT_ENGINE_ROLES',
  'AUTHSEC_VAULT_KUBERNETES_ROLE',
  'AUTHSEC_VAULT_MOUNT',
  'AUTHSEC_VAULT_NAMESPACE',
  'AUTHSEC_VAULT_ROLE',
  'AUTHSEC_VAULT_ROLE_ID',
  'AUTHSEC_VAULT_SECRET_ID',
  'AUTHSEC_VAULT_TOKEN',
  'AUTHSEC_VAULT_WRAPPED_SECRET_ID',
] as const

const secretNames = [
  'AUTHSEC_AUDIT_OTLP_HEADERS',
  'AUTHSEC_MASTER_KEY',
  'AUTHSEC_DATABASE_URL',
  'AUTHSEC_DATABASE_DIRECT_URL',
  'AUTHSEC_ISSUERS',
  'AUTHSEC_LOCAL_VAULT_KEY',
  'AUTHSEC_VAULT_SECRET_ID',
  'AUTHSEC_VAULT_TOKEN',
  'AUTHSEC_VAULT_WRAPPED_SECRET_ID',
] as const satisfies readonly VariableName[]

/** Read by AuthSec's published SDKs and by nothing here: a warning, so that one environment can serve both. */
const ofPublishedSdks: ReadonlySet<string> = new Set([
  'AUTHSEC_AUTH_SERVICE_URL',
  'AUTHSEC_SERVICES_URL',
  'AUTHSEC_TIMEOUT_SECONDS',
  'AUTHSEC_RETRIES',
  'AUTHSEC_TOOLS_LIST_TIMEOUT_SECONDS',
  'AUTHSEC_OAUTH_TOOL_TIMEOUT_SECONDS',
  'AUTHSEC_AUTO_OPEN_BROWSER',
])

export type VariableName = (typeof shared)[number] | (typeof own)[number]

export interface Environment {
  /** The value of a variable, or of the file that `<name>_FILE` names, without the newline at its end. */
  readonly values: ReadonlyMap<VariableName, string>
  readonly warnings: readonly string[]
}

/**
 * Takes what is secret out of the environment, where programs that a tool starts would inherit it and other programs of the user
 * may read it. What was read before is not touched.
 */
export function forgetSecrets(env: NodeJS.ProcessEnv): void {
  for (const name of secretNames) delete env[name]
}

/** Reads the environment. Throws `ConfigurationError` for an unknown `AUTHSEC_*` name, a value given twice, or an unreadable file. */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const faults: ConfigurationError[] = []
  const warnings: string[] = []
  const known = new Set<string>([...own, ...own.map((name) => `${name}_FILE`)])
  for (const name of Object.keys(env)) {
    if (!name.startsWith('AUTHSEC_') || known.has(name)) continue
    if (ofPublishedSdks.has(name))
      warnings.push(`${name} is read by AuthSec's published SDKs only; it has no effect here`)
    else faults.push(fault(`unknown environment variable ${name}. Known: ${own.join(', ')}, each also with _FILE`))
  }
  const values = new Map<VariableName, string>()
  for (const name of [...shared, ...own]) {
    const value = attempt(faults, () => valueOf(env, name))
    if (value !== undefined && value !== '') values.set(name, value)
  }
  const failure = ConfigurationError.join(faults)
  if (failure !== undefined) throw failure
  return { values, warnings }
}

function valueOf(env: NodeJS.ProcessEnv, name: VariableName): string | undefined {
  const direct = env[name]
  const file = env[`${name}_FILE`]
  if (file === undefined || file === '') return direct
  if (direct !== undefined) throw fault(`${name} and ${name}_FILE are both set; keep one`)
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw fault(`the file that ${name}_FILE names cannot be read${reasonOf(name, file, cause)}`, cause)
  }
}

/** Somebody may have put what is secret itself where its file is named. */
function reasonOf(name: VariableName, file: string, cause: unknown): string {
  const { code } = Object(cause) as { readonly code?: unknown }
  const isSecret = secretNames.some((secret) => secret === name)
  const said = [...(isSecret ? [] : [file]), ...(typeof code === 'string' ? [code] : [])]
  return said.length === 0 ? '' : ` (${said.join(', ')})`
}

function attempt<Value>(faults: ConfigurationError[], read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    faults.push(error)
    return undefined
  }
}

function fault(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_ENVIRONMENT', message, { cause })
}
