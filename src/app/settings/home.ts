import { existsSync, realpathSync } from 'node:fs'
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { hasCode } from '../../core/error/has-code.js'
import { MasterKey } from '../../core/credential/master-key.js'

/** `.authsec` beside the package.json of the entry file, or of the current folder where there is no entry. */
export function defaultHome(entry: string | undefined): string {
  const start = entry !== undefined && existsSync(entry) ? dirname(realpathSync(entry)) : process.cwd()
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, '.authsec')
    if (folder === dirname(folder)) return resolve(start, '.authsec')
  }
}

/** Throws `ConfigurationError` for a home in which others could put their own keys and accounts in place of ours. */
export async function assertPrivateHome(home: string): Promise<void> {
  const status = await optional(() => stat(home))
  if (status === undefined || process.platform === 'win32' || (status.mode & 0o022) === 0) return
  throw new ConfigurationError(
    'ERR_CONFIG_ENVIRONMENT',
    `${home} (AUTHSEC_HOME) can be written by other users, who could replace keys and accounts; run: chmod go-w ${home}`,
  )
}

/** Writes a file that only its owner can read, whole or not at all. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${randomUUID()}`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** The text of a file, or `undefined` where there is none. */
export function readOptionalFile(path: string): Promise<string | undefined> {
  return optional(() => readFile(path, 'utf8'))
}

async function optional<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * The master key: from the environment, or in development one that is made once and kept in `master.key` (0600).
 * Throws `ConfigurationError` where production has none.
 */
export async function readMasterKey(
  home: string,
  given: string | undefined,
  mode: 'development' | 'production',
): Promise<MasterKey> {
  if (given !== undefined) return parseMasterKey(given, 'AUTHSEC_MASTER_KEY')
  if (mode === 'production') {
    throw new ConfigurationError(
      'ERR_CONFIG_ENVIRONMENT',
      'production needs AUTHSEC_MASTER_KEY (or AUTHSEC_MASTER_KEY_FILE): 32 random bytes in base64, such as from: openssl rand -base64 32',
    )
  }
  const path = join(home, 'master.key')
  const kept = (await readOptionalFile(path)) ?? (await createOnce(path, MasterKey.generate().reveal()))
  return parseMasterKey(kept, path)
}

/** Writes `text` unless somebody else has written the file; answers with what stands there. */
async function createOnce(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomUUID()}`
  await writePrivateFile(draft, text)
  try {
    await link(draft, path)
    return text
  } catch (error) {
    const kept = await readOptionalFile(path)
    if (kept === undefined) throw error
    return kept
  } finally {
    await rm(draft, { force: true })
  }
}

function parseMasterKey(text: string, source: string): MasterKey {
  try {
    return MasterKey.parse(text)
  } catch (cause) {
    throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `${source} is not a key: 32 bytes in base64`, { cause })
  }
}
