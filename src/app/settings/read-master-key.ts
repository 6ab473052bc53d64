import { join } from 'node:path'
import { MasterKey } from '../../core/credential/master-key.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { readOptionalFile, writePrivateFileOnce } from './private-file.js'
import type { Settings } from './settings.js'

/** Where a development server keeps the master key that it made. */
export function masterKeyFile(home: string): string {
  return join(home, 'master.key')
}

/**
 * The master key: from the environment, or in development one that is made once and kept (0600).
 * Throws `ConfigurationError` where production has none.
 */
export async function readMasterKey({
  home,
  masterKey,
  mode,
}: Pick<Settings, 'home' | 'masterKey' | 'mode'>): Promise<MasterKey> {
  if (masterKey !== undefined) return parseMasterKey(masterKey, 'AUTHSEC_MASTER_KEY')
  if (mode === 'production') {
    throw new ConfigurationError(
      'ERR_CONFIG_ENVIRONMENT',
      'production needs AUTHSEC_MASTER_KEY (or AUTHSEC_MASTER_KEY_FILE): 32 random bytes in base64, such as from: openssl rand -base64 32',
    )
  }
  const path = masterKeyFile(home)
  const kept = (await readOptionalFile(path)) ?? (await writePrivateFileOnce(path, MasterKey.generate().reveal()))
  return parseMasterKey(kept, path)
}

function parseMasterKey(text: string, source: string): MasterKey {
  try {
    return MasterKey.parse(text)
  } catch (cause) {
    throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `${source} is not a key: 32 bytes in base64`, { cause })
  }
}
