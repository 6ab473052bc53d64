import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hasCode } from '../../core/error/has-code.js'

/** Creates a folder for its owner only, with its parents. Not with `recursive`, which never returns for a parent in /proc (Node 20). */
export async function ensureFolder(path: string): Promise<void> {
  if (await makeFolder(path)) return
  await ensureFolder(dirname(path))
  await mkdir(path, { mode: 0o700 }).catch(unlessExists)
}

/** `false` where the parent is missing. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 }).catch(unlessExists)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT') && dirname(path) !== path) return false
    throw error
  }
}

function unlessExists(error: unknown): void {
  if (!hasCode(error, 'EEXIST')) throw error
}

/** Writes a file that only its owner can read, whole or not at all. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await ensureFolder(dirname(path))
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

/** Writes `text` unless somebody else has written the file; answers with what stands there. */
export async function writePrivateFileOnce(path: string, text: string): Promise<string> {
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

/** The text of a file, or `undefined` where there is none. */
export async function readOptionalFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
