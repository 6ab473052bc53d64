import { checkVault, type VaultCheck } from '../../adapter/vault/check-vault.js'
import { createLog } from '../../adapter/telemetry/create-log.js'
import { RefusedError } from '../refused-error.js'
import type { VaultSettings } from '../settings/read-vault-settings.js'
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
  const { mode, vault } = readSettings(env, {}, undefined)
  if (vault === undefined) {
    throw new RefusedError(
      'Vault is not set up here: set AUTHSEC_VAULT_ADDR, and one way to log in, as for the server (docs/services.md)',
    )
  }
  refuseWrapped(vault)
  const found = await checkVault(vaultOptions(vault, mode, createLog('silent')))
  const used =
    vault.login.method === 'approle'
      ? 'this was one login with the secret id, which may be good for so many only'
      : undefined
  return { ...found, address: vault.address, used }
}

/** It is good once: the server would find it used, and take it for stolen. */
function refuseWrapped({ login }: VaultSettings): void {
  if (login.method !== 'approle' || login.wrapping.kind === 'plain') return
  const { role } = login.wrapping
  throw new RefusedError(
    "the wrapped secret id is good once, and is the server's: looking at Vault with it would use it up. Make a secret id for this check, " +
      `with vault write -f auth/approle/role/${role}/secret-id, and run this command with AUTHSEC_VAULT_SECRET_ID ` +
      'in place of AUTHSEC_VAULT_WRAPPED_SECRET_ID and AUTHSEC_VAULT_ROLE',
  )
}
