import { readFile } from 'node:fs/promises'
import { RefusedError } from '../../app/refused-error.js'
import { parseCheckpoint, type SignedCheckpoint } from '../../core/audit/audit-checkpoint.js'

/** The checkpoints in files, one in each or one on each line. Throws `RefusedError` for anything else. */
export async function readCheckpoints(files: readonly string[]): Promise<readonly SignedCheckpoint[]> {
  const read = await Promise.all(files.map((file) => readOne(file)))
  return read.flat()
}

async function readOne(file: string): Promise<readonly SignedCheckpoint[]> {
  const read = await readFile(file, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new RefusedError(`${file} cannot be read (${code})`, { cause: error })
  })
  // Editors on Windows put a byte order mark before it.
  const text = read.replace(/^\uFEFF/, '')
  const whole = parseCheckpoint(text)
  if (whole !== undefined) return [whole]
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 0) throw new RefusedError(`${file} has no checkpoint`)
  return lines.map((line, index) => {
    const checkpoint = parseCheckpoint(line)
    if (checkpoint === undefined) throw new RefusedError(`${file}, line ${index + 1}: it is no checkpoint`)
    return checkpoint
  })
}
