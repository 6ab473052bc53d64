import type { Postgres } from '../../adapter/postgres/open-postgres.js'
import type { openVault } from '../../adapter/vault/open-vault.js'
import type { CredentialStore } from '../../core/credential/credential-store.js'
import type { SecretsEngine } from '../../core/credential/secrets-engine.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { Log } from '../../core/runtime/log.js'
import type { Settings } from '../settings/settings.js'
import { localVaultKeys } from './local-vault-keys.js'
import { vaultOptions } from './vault-options.js'

/** Where credentials of services are. */
export interface OpenCredentials {
  readonly store: CredentialStore
  /** What makes credentials by itself; the local store has none. */
  readonly engine: SecretsEngine | undefined
  close(): Promise<void>
}

export interface CredentialsPlace {
  readonly settings: Pick<Settings, 'home' | 'localVaultKey' | 'mode' | 'vault'>
  readonly postgres: Pick<Postgres, 'localVault'>
  readonly log: Log
  /** Default: what speaks to HashiCorp Vault. */
  readonly openVault?: typeof openVault | undefined
}

/**
 * Opens the store of credentials: Vault where the settings name one, else in development the local store. Throws `ConfigurationError`
 * for production without Vault.
 */
export async function openCredentials({
  log,
  openVault: given,
  postgres,
  settings,
}: CredentialsPlace): Promise<OpenCredentials> {
  if (settings.vault !== undefined) {
    // Loaded where there is a Vault: its client is a fifth of what a command loads.
    const open = given ?? (await import('../../adapter/vault/open-vault.js')).openVault
    const { close, credentials, engine } = await open(vaultOptions(settings.vault, settings.mode, log))
    return { store: credentials, engine, close }
  }
  refuseLocalInProduction(settings)
  const store = postgres.localVault.open(localVaultKeys(settings))
  return { store, engine: undefined, close: () => Promise.resolve() }
}

/** Throws `ConfigurationError` where credentials may not be in the local store. */
export function refuseLocalInProduction({ mode }: Pick<Settings, 'mode'>): void {
  if (mode === 'development') return
  throw new ConfigurationError(
    'ERR_CONFIG_ENVIRONMENT',
    'credentials of services need HashiCorp Vault in production: set AUTHSEC_VAULT_ADDR, and AUTHSEC_VAULT_ROLE_ID with a secret id. ' +
      'The local store is for development: loopback addresses, the embedded database, NODE_ENV and AUTHSEC_ENV not production',
  )
}
