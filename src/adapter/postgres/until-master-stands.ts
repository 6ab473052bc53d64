import { setTimeout as pause } from 'node:timers/promises'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { UpstreamError } from '../../core/error/upstream-error.js'
import type { ConnectionSettings } from './connection-settings.js'
import type { Databases } from './databases.js'
import { errorCode } from './embedded/error-code.js'
import { sqlState } from './pool/database-failure.js'
import { ensureMaster } from './provision/ensure-master.js'

const retryMilliseconds = 100

/** A cluster that starts beside us needs a moment; one that refuses our name or speaks no TLS will not change its mind. */
export async function untilMasterStands(databases: Databases, deadline: number): Promise<void> {
  for (;;) {
    try {
      return await ensureMaster(databases)
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal !== undefined) throw refusal
      if (performance.now() + retryMilliseconds > deadline) throw silent(databases.connection, error)
    }
    await pause(retryMilliseconds)
  }
}

function silent({ host, port }: ConnectionSettings, cause: unknown): UpstreamError {
  return new UpstreamError('AUTH_UNAVAILABLE', `PostgreSQL at ${host}:${port} does not answer`, { cause })
}

function refusalOf(error: unknown): ConfigurationError | undefined {
  if (error instanceof ConfigurationError) return error
  const state = sqlState(error) ?? ''
  const cause = error instanceof Error ? error.cause : undefined
  // The driver's own words for a password that cannot be one.
  if (state.startsWith('28') || (cause instanceof Error && cause.message.startsWith('SASL: '))) {
    return refuse('PostgreSQL refuses the user name or password of AUTHSEC_DATABASE_URL', error)
  }
  if (state === '42501') {
    return refuse(
      'the role of AUTHSEC_DATABASE_URL may not do what is needed: it needs CREATEDB, or a master database of its own',
      error,
    )
  }
  if (state.startsWith('42')) return refuse('the master database is not as this version needs it', error)
  if (/CERT|UNABLE_TO_(?:GET|VERIFY)/.test(errorCode(cause))) {
    return refuse('the certificate of PostgreSQL does not hold for the host of AUTHSEC_DATABASE_URL', error)
  }
  if (cause instanceof Error && /does not support SSL/.test(cause.message)) {
    return refuse('PostgreSQL speaks no TLS: turn it on there, or add ?sslmode=disable to AUTHSEC_DATABASE_URL', error)
  }
  return undefined
}

function refuse(message: string, cause: unknown): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_DATABASE', message, { cause })
}
