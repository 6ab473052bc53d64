import { existsSync, realpathSync, type Stats } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { hasCode } from '../../core/error/has-code.js'
import { ensureFolder } from './private-file.js'

/** `.authsec` beside the package.json of the entry file, or of the current folder where there is no entry. */
export function defaultHome(entry: string | undefined): string {
  const start = entry !== undefined && existsSync(entry) ? dirname(realpathSync(entry)) : process.cwd()
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, '.authsec')
    if (folder === dirname(folder)) return resolve(start, '.authsec')
  }
}

/**
 * Creates the home where it is missing. Throws `ConfigurationError` for one that cannot be used, and for one in which others
 * could put their own keys and accounts in place of ours.
 */
export async function prepareHome(home: string): Promise<void> {
  const status = await usable(home)
  if (!status.isDirectory()) throw unusable(home, 'it is no folder')
  const uid = process.getuid?.() ?? 0
  if (uid !== 0 && status.uid !== uid) {
    throw unusable(
      home,
      `it belongs to another user (uid ${status.uid}), as after a start as root; remove it or give it back`,
    )
  }
  if (process.platform !== 'win32' && (status.mode & 0o022) !== 0) {
    throw unusable(home, `other users can write it and so replace keys and accounts; run: chmod go-w ${home}`)
  }
  await keepUnpublished(home)
}

/** Keys and passwords lie beside a package.json, where `git add` and `npm pack` would take them along. */
async function keepUnpublished(home: string): Promise<void> {
  try {
    await writeFile(join(home, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw unusable(home, 'it cannot be written', error)
  }
}

async function usable(home: string): Promise<Stats> {
  try {
    await ensureFolder(home)
    return await stat(home)
  } catch (cause) {
    const reason = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'unknown'
    throw unusable(home, `it cannot be created or opened (${reason})`, cause)
  }
}

function unusable(home: string, reason: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `AUTHSEC_HOME ${home}: ${reason}`, { cause })
}
