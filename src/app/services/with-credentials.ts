import { createLog } from '../../adapter/telemetry/create-log.js'
import { AuthSecError } from '../../core/error/auth-sec-error.js'
import type { CredentialPlace, CredentialStore } from '../../core/credential/credential-store.js'
import type { Installation } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { openCredentials } from '../credentials/open-credentials.js'

/** Opens the store of credentials of an installation for an administrator, and closes it again. */
export async function withCredentials<Value>(
  { postgres, settings }: Installation,
  work: (store: CredentialStore) => Promise<Value>,
): Promise<Value> {
  refuseSecretIdOfServer(settings)
  const credentials = await openCredentials({ postgres, settings, log: createLog('warn') })
  try {
    return await work(credentials.store)
  } finally {
    await credentials.close()
  }
}

/** Throws `RefusedError` for a secret id that can be unwrapped once: a command that did it would keep the server from starting. */
export function refuseSecretIdOfServer({ vault }: Pick<Installation['settings'], 'vault'>): void {
  if (vault?.login.method !== 'approle' || vault.login.wrapping.kind === 'plain') return
  throw new RefusedError(
    'AUTHSEC_VAULT_WRAPPED_SECRET_ID can be unwrapped once, and that is for the server: give this command a login of its own ' +
      'instead, AUTHSEC_VAULT_SECRET_ID (another secret id of the role) or AUTHSEC_VAULT_TOKEN (vault token create)',
  )
}

/** Destroys the credentials of these places, whatever becomes of each; answers with why some are still there, a sentence each. */
export async function destroyCredentials(
  installation: Installation,
  find: (store: CredentialStore) => Promise<readonly CredentialPlace[]>,
): Promise<readonly string[]> {
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
