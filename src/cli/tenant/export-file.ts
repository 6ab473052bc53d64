import { open, rm, rename } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { WriteExport } from '../../app/administration/administer-tenants.js'
import { RefusedError } from '../../app/refused-error.js'
import { hasCode } from '../../core/error/has-code.js'

const bufferedCharacters = 64 * 1024

/**
 * Writes an export to a file that is not there yet, for its owner's eyes only, whole or not at all; answers with the number of rows.
 * Throws `RefusedError` where that cannot be done.
 */
export async function writeExportFile(path: string, write: WriteExport): Promise<number> {
  const draft = `${path}.part`
  try {
    const file = await open(draft, 'wx', 0o600)
    let rows: number
    try {
      let waiting = ''
      rows = await write(async (line) => {
        waiting += `${line}\n`
        if (waiting.length < bufferedCharacters) return
        const text = waiting
        waiting = ''
        await file.writeFile(text)
      })
      await file.writeFile(waiting)
      // What is deleted next is nowhere else.
      await file.sync()
    } finally {
      await file.close()
    }
    await refuseExisting(path)
    await rename(draft, path)
    return rows
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) await rm(draft, { force: true })
    throw refusalOf(path, error)
  }
}

/** The lines of an export. Throws `RefusedError` where the file cannot be read. */
export async function* readExportFile(path: string): AsyncIterable<string> {
  const stream = createReadStream(path, 'utf8')
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) yield line
  } catch (error) {
    throw refusalOf(path, error)
  } finally {
    stream.destroy()
  }
}

async function refuseExisting(path: string): Promise<void> {
  const taken = await open(path, 'r').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })
  await taken?.close()
  if (taken !== undefined) throw new RefusedError(`${path} is there already: name another file`)
}

function refusalOf(path: string, error: unknown): unknown {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return error
  const reason = code === 'EEXIST' ? 'is being written by somebody else' : `cannot be read or written (${code})`
  return new RefusedError(`${path} ${reason}`, { cause: error })
}
