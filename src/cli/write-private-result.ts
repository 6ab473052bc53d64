import { open, rename, rm } from 'node:fs/promises'
import { RefusedError } from '../app/refused-error.js'
import { hasCode } from '../core/error/has-code.js'

const bufferedCharacters = 64 * 1024

export interface PrivateResult {
  readonly path: string
  /** What becomes of a file that is there already. */
  readonly existing: 'refused' | 'replaced'
}

/**
 * Writes a file for its owner's eyes only, whole or not at all; answers with what `write` answers. Throws `RefusedError` where that
 * cannot be done, and what `write` throws.
 */
export async function writePrivateResult<Result>(
  { existing, path }: PrivateResult,
  write: (add: (text: string) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const draft = `${path}.part`
  try {
    const file = await open(draft, 'wx', 0o600)
    let result: Result
    try {
      if (existing === 'refused') await refuseExisting(path)
      let waiting = ''
      result = await write(async (added) => {
        waiting += added
        if (waiting.length < bufferedCharacters) return
        const text = waiting
        waiting = ''
        await file.writeFile(text)
      })
      await file.writeFile(waiting)
      // What is deleted next may be nowhere else.
      await file.sync()
    } finally {
      await file.close()
    }
    if (existing === 'refused') await refuseExisting(path)
    await rename(draft, path)
    return result
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) await rm(draft, { force: true })
    throw refusalOf(path, error)
  }
}

/** What a file that cannot be read or written is to whoever named it; any other error as it is. */
export function refusalOf(path: string, error: unknown): unknown {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return error
  const reason = code === 'EEXIST' ? 'is being written by somebody else' : `cannot be read or written (${code})`
  return new RefusedError(`${path} ${reason}`, { cause: error })
}

async function refuseExisting(path: string): Promise<void> {
  const taken = await open(path, 'r').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })
  await taken?.close()
  if (taken !== undefined) throw new RefusedError(`${path} is there already: name another file`)
}
