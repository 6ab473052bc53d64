import { createLog } from '../../adapter/telemetry/create-log.js'
import type { SecretsEngine } from '../../core/credential/secrets-engine.js'
import { AuthSecError } from '../../core/error/auth-sec-error.js'
import type { CredentialPlace, CredentialStore } from '../../core/credential/credential-store.js'
import type { Installation } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { openCredentials } from '../credentials/open-credentials.js'

/** Opens the store of credentials of an installation for an administrator, and closes it again. */
export async function withCredentials<Value>(
  { postgres, settings }: Pick<Installation, 'postgres' | 'settings'>,
  work: (store: CredentialStore, engine: SecretsEngine | undefined) => Promise<Value>,
): Promise<Value> {
  refuseSecretIdOfServer(settings)
  const credentials = await openCredentials({ postgres, settings, log: createLog('warn') })
  try {
    return await work(credentials.store, credentials.engine)
  } finally {
    await credentials.close()
  }
}

/** Throws `RefusedError` for a secret id that can be unwrapped once: a command that did it would keep the server from starting. */
export function refuseSecretIdOfServer(settings: Installation['settings']): void {
  const fault = secretIdFault(settings)
  if (fault !== undefined) throw new RefusedError(fault)
}

/** Why a command may not use the login of the server; `undefined` where it does not. */
export function secretIdFault({ vault }: Installation['settings']): string | undefined {
  if (vault?.login.method !== 'approle' || vault.login.wrapping.kind === 'plain') return undefined
  const { role } = vault.login.wrapping
  return (
    'AUTHSEC_VAULT_WRAPPED_SECRET_ID can be unwrapped once, and that is for the server: give this command another secret id in ' +
    `AUTHSEC_VAULT_SECRET_ID instead (vault write -f auth/approle/role/${role}/secret-id), without AUTHSEC_VAULT_ROLE`
  )
}

/** Destroys the credentials of these places, whatever becomes of each; answers with why some are still there, a sentence each. */
export async function destroyCredentials(
  installation: Installation,
  find: (store: CredentialStore) => Promise<readonly CredentialPlace[]>,
): Promise<readonly string[]> {
  const inTheWay = secretIdFault(installation.settings)
  if (inTheWay !== undefined) return [inTheWay]
  const faults: string[] = []
  try {
    await withCredentials(installation, async (store) => {
      for (const place of await find(store)) {
        await store.destroy(place).catch((error: unknown) => faults.push(wordsOf(error)))
      }
    })
  } catch (error) {
    faults.push(wordsOf(error))
  }
  return [...new Set(faults)]
}

/** Whatever is not our own way to say that something did not work is a defect. */
function wordsOf(error: unknown): string {
  if (error instanceof AuthSecError) return error.message
  throw error
}
