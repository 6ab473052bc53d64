import { join } from 'node:path'
import type { LocalKeys } from '../../adapter/postgres/credential/postgres-credential-store.js'
import { MasterKey } from '../../core/credential/master-key.js'
import { readOptionalFile, writePrivateFile, writePrivateFileOnce } from '../settings/private-file.js'
import { parseKeys } from '../settings/read-master-keys.js'
import type { Settings } from '../settings/settings.js'

/** Where the key of the local store is that nobody has given. */
export function localVaultKeyFile(home: string): string {
  return join(home, 'local-vault.key')
}

/**
 * The keys of the local store, the current one first: from the environment, else from a file (0600) that is made where something is
 * sealed for the first time. The file is read each time, so that running servers follow its rotation.
 */
export function localVaultKeys({ home, localVaultKey }: Pick<Settings, 'home' | 'localVaultKey'>): LocalKeys {
  if (localVaultKey !== undefined) {
    const keys = parseKeys(localVaultKey, 'AUTHSEC_LOCAL_VAULT_KEY')
    return () => Promise.resolve(keys)
  }
  const path = localVaultKeyFile(home)
  return async (need) => {
    const text = await readOptionalFile(path)
    if (text === undefined && need === 'to open') return []
    return parseKeys(text ?? (await writePrivateFileOnce(path, MasterKey.generate().reveal())), path)
  }
}

/**
 * Puts a new key in front of those of the file; answers with all of them. Where a rotation was cut off, it is that one which goes on.
 * `undefined` where nothing has been sealed yet.
 */
export async function beginFileRotation(home: string): Promise<readonly [MasterKey, ...MasterKey[]] | undefined> {
  const path = localVaultKeyFile(home)
  const text = await readOptionalFile(path)
  if (text === undefined) return undefined
  const known = parseKeys(text, path)
  if (known.length > 1) return known
  const keys = [MasterKey.generate(), ...known] as const
  await writePrivateFile(path, keys.map((key) => key.reveal()).join('\n'))
  return keys
}

/** Leaves the current key alone in the file. */
export async function endFileRotation(home: string, current: MasterKey): Promise<void> {
  await writePrivateFile(localVaultKeyFile(home), current.reveal())
}
