import { randomUUID } from 'node:crypto'
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { RefusedError } from '../app/refused-error.js'
import { hasCode } from '../core/error/has-code.js'

/** Writes a file, whole or not at all. Throws `RefusedError` where that cannot be done. */
export async function writeResult(path: string, text: string): Promise<void> {
  try {
    // A link goes on to be one.
    const target = await realpath(path).catch(unlessAbsent(path))
    const known = await stat(target).catch(unlessAbsent(undefined))
    if (known !== undefined && !known.isFile()) throw new RefusedError(`${path} is no file that could be replaced`)
    const draft = `${target}.${randomUUID()}`
    try {
      await writeFile(draft, text, { flag: 'wx', ...(known === undefined ? {} : { mode: known.mode }) })
      await rename(draft, target)
    } finally {
      await rm(draft, { force: true })
    }
  } catch (error) {
    if (error instanceof RefusedError) throw error
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown'
    throw new RefusedError(`${path} cannot be written (${code})`, { cause: error })
  }
}

function unlessAbsent<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (hasCode(error, 'ENOENT')) return value
    throw error
  }
}
