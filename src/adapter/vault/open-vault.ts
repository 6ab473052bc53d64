import type { CredentialStore } from '../../core/credential/credential-store.js'
import type { SecretsEngine } from '../../core/credential/secrets-engine.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { systemClock } from '../../core/runtime/clock.js'
import { VaultConnection } from './connection/vault-connection.js'
import { isVaultError, VaultError } from './connection/vault-error.js'
import { requireVersionedMount } from './secret/kv-mount.js'
import { VaultCredentialStore } from './secret/vault-credential-store.js'
import { VaultSecretsEngine } from './secret/vault-secrets-engine.js'
import { systemTimers } from './token/timers.js'
import { TokenKeeper } from './token/token-keeper.js'
import { createVaultLogin } from './token/vault-login.js'
import { checkVaultOptions, type VaultOptions } from './vault-options.js'

/** HashiCorp Vault, as the store of credentials and as what makes some of them. */
export interface OpenVault {
  readonly credentials: CredentialStore
  readonly engine: SecretsEngine
  /** Revokes leases and the token that were made for this server, and hangs up. */
  close(): Promise<void>
}

/**
 * Logs in to Vault. Throws `ConfigurationError` for a root token, a wrapped secret id that somebody else had, or a mount that keeps no
 * versions. A Vault that is down, sealed or refuses the login only leaves a line in the log: calls throw until it works.
 */
export async function openVault(options: VaultOptions): Promise<OpenVault> {
  const { place, mount } = checkVaultOptions(options)
  const { clock = systemClock, log, timers = systemTimers } = options
  const connection = new VaultConnection(place)
  const login = createVaultLogin(options.login, log)
  const keeper = new TokenKeeper({ connection, login, clock, timers, log })
  const engine = new VaultSecretsEngine({ connection, keeper, credentialMount: mount, clock, log })
  const close = async (): Promise<void> => {
    await engine.close()
    await keeper.close()
    connection.close()
  }
  try {
    await keeper.use((token) => requireVersionedMount(connection, mount, token))
  } catch (error) {
    const misconfigured = isVaultError(error, 'misconfigured', 'root-token') ? error : undefined
    if (misconfigured !== undefined || !(error instanceof VaultError)) {
      await close()
      throw misconfigured === undefined ? error : new ConfigurationError('ERR_CONFIG_VAULT', misconfigured.message)
    }
    const { kind, message, status } = error
    log.write('error', `credentials cannot be read for now: ${message}`, { kind, status })
  }
  return { credentials: new VaultCredentialStore({ connection, keeper, mount }), engine, close }
}
