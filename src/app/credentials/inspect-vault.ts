import { checkVault, type VaultCheck } from '../../adapter/vault/check-vault.js'
import { createLog } from '../../adapter/telemetry/create-log.js'
import { RefusedError } from '../refused-error.js'
import { refuseSecretIdOfServer } from '../services/with-credentials.js'
import { readSettings } from '../settings/settings.js'
import { vaultOptions } from './vault-options.js'

/** What was found of the Vault that the environment names. */
export interface InspectedVault extends VaultCheck {
  readonly address: string
  /** What the check itself has used up, as a sentence; `undefined` for nothing. */
  readonly used: string | undefined
}

/**
 * Looks at Vault with a login of its own, whose token is revoked again. Throws `RefusedError` where Vault is not set up, and where that
 * would take from a server what it is to log in with.
 */
export async function inspectVault(env: NodeJS.ProcessEnv): Promise<InspectedVault> {
  const settings = readSettings(env, {}, undefined)
  const { mode, vault } = settings
  if (vault === undefined) {
    throw new RefusedError(
      'Vault is not set up here: set AUTHSEC_VAULT_ADDR, and one way to log in, as for the server (docs/services.md)',
    )
  }
  refuseSecretIdOfServer(settings)
  const found = await checkVault(vaultOptions(vault, mode, createLog('silent')))
  const used =
    vault.login.method === 'approle'
      ? 'this was one login with the secret id, which may be good for so many only'
      : undefined
  return { ...found, address: vault.address, used }
}
