import { join } from 'node:path'
import { MasterKey } from '../../core/credential/master-key.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { readOptionalFile, writePrivateFileOnce } from './private-file.js'
import type { Settings } from './settings.js'

/** Where a development server keeps the master key that it made. */
export function masterKeyFile(home: string): string {
  return join(home, 'master.key')
}

export interface MasterKeys {
  readonly masterKey: MasterKey
  readonly earlierMasterKeys: readonly MasterKey[]
}

/**
 * The master key, and those that were it before: from the environment, or in development one that is made once and kept (0600).
 * Throws `ConfigurationError` where production has none.
 */
export async function readMasterKeys({
  home,
  masterKey,
  mode,
}: Pick<Settings, 'home' | 'masterKey' | 'mode'>): Promise<MasterKeys> {
  if (masterKey !== undefined) return masterKeysOf(parseKeys(masterKey, 'AUTHSEC_MASTER_KEY'))
  if (mode === 'production') {
    throw new ConfigurationError(
      'ERR_CONFIG_ENVIRONMENT',
      'production needs AUTHSEC_MASTER_KEY (or AUTHSEC_MASTER_KEY_FILE): 32 random bytes in base64, such as from: openssl rand -base64 32',
    )
  }
  const path = masterKeyFile(home)
  const kept = (await readOptionalFile(path)) ?? (await writePrivateFileOnce(path, MasterKey.generate().reveal()))
  return masterKeysOf(parseKeys(kept, path))
}

function masterKeysOf([masterKey, ...earlierMasterKeys]: readonly [MasterKey, ...MasterKey[]]): MasterKeys {
  return { masterKey, earlierMasterKeys }
}

/** The keys of a text; those behind the first are only there to open what they have sealed. Throws `ConfigurationError` for none. */
export function parseKeys(text: string, source: string): readonly [MasterKey, ...MasterKey[]] {
  try {
    const [current, ...earlier] = text
      .trim()
      .split(/[\s,]+/)
      .map((part) => MasterKey.parse(part))
    if (current !== undefined) return [current, ...earlier]
  } catch {
    // Reported below; the cause would quote the key.
  }
  const form = '32 bytes in base64, and after it, separated by spaces or commas, those that it replaces'
  throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `${source} is not a key: ${form}`)
}
