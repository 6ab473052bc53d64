import { createLog } from '../../adapter/telemetry/create-log.js'
import type { SecretsEngine } from '../../core/credential/secrets-engine.js'
import { AuthSecError } from '../../core/error/auth-sec-error.js'
import type { CredentialPlace, CredentialStore } from '../../core/credential/credential-store.js'
import type { Installation } from '../administration/with-tenant.js'
import { openCredentials } from '../credentials/open-credentials.js'

/** Opens the store of credentials of an installation for an administrator, and closes it again. */
export async function withCredentials<Value>(
  { postgres, settings }: Installation,
  work: (store: CredentialStore, engine: SecretsEngine | undefined) => Promise<Value>,
): Promise<Value> {
  const credentials = await openCredentials({ postgres, settings, log: createLog('warn') })
  try {
    return await work(credentials.store, credentials.engine)
  } finally {
    await credentials.close()
  }
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
