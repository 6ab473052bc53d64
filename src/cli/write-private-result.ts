import { rmSync } from 'node:fs'
import { lstat, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { RefusedError } from '../app/refused-error.js'
import { hasCode } from '../core/error/has-code.js'

const bufferedCharacters = 64 * 1024

export interface PrivateResult {
  readonly path: string
  /** What becomes of a file that is there already. */
  readonly existing: 'refused' | 'replaced'
  /** The flag that has one replaced, where there is one. */
  readonly flag?: '--force'
}

/**
 * Writes a file for its owner's eyes only, whole or not at all; answers with what `write` answers. Throws `RefusedError` where that
 * cannot be done, and what `write` throws.
 */
export async function writePrivateResult<Result>(
  place: PrivateResult,
  write: (add: (text: string) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const { path } = place
  const draft = `${path}.part`
  const removeDraft = (): void => rmSync(draft, { force: true })
  await refuseExisting(place).catch((error: unknown) => {
    throw refusalOf(path, error)
  })
  const file = await openDraft(path, draft)
  // Whatever ends the process, but for a kill.
  process.once('exit', removeDraft)
  try {
    let result: Result
    try {
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
    await refuseExisting(place)
    await rename(draft, path)
    return result
  } catch (error) {
    await rm(draft, { force: true })
    throw refusalOf(path, error)
  } finally {
    process.off('exit', removeDraft)
  }
}

async function openDraft(path: string, draft: string): Promise<FileHandle> {
  try {
    return await open(draft, 'wx', 0o600)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw refusalOf(path, error)
    const words = `${path} is being written by somebody else, or what did so was killed: remove ${draft} in that case`
    throw new RefusedError(words, { cause: error })
  }
}

/** What a file that cannot be read or written is to whoever named it; any other error as it is. */
export function refusalOf(path: string, error: unknown): unknown {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return error
  return new RefusedError(`${path} cannot be read or written (${code})`, { cause: error })
}

/** Only a plain file is ever replaced: in the place of a device, or of a link, another program expects one. */
async function refuseExisting({ existing, flag, path }: PrivateResult): Promise<void> {
  const known = await lstat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })
  if (known === undefined) return
  if (!known.isFile()) throw new RefusedError(`${path} is there already, and is no plain file: name another`)
  if (existing === 'replaced') return
  throw new RefusedError(
    `${path} is there already: name another file${flag === undefined ? '' : `, or say ${flag} to replace it`}`,
  )
}
