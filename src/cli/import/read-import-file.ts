import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { RefusedError } from '../../app/refused-error.js'
import { parseCsv } from './parse-csv.js'
import { parseJson } from './parse-json.js'
import { readRows, type ImportFormat, type ReadRows } from './read-rows.js'
import type { ImportShape } from './import-shape.js'

const mostBytes = 10 * 2 ** 20

export interface ImportFile {
  readonly path: string
  /** What its name says unless told. */
  readonly format?: ImportFormat | undefined
}

/** The lines of a file. Throws `RefusedError` for one that cannot be read as text, or is too large. */
export async function readImportFile({ format, path }: ImportFile, shape: ImportShape): Promise<ReadRows> {
  const written = format ?? formatOf(path)
  const text = decode(path, await readBounded(path))
  return readRows(written === 'csv' ? parseCsv(text) : parseJson(text), shape, written)
}

function formatOf(path: string): ImportFormat {
  const extension = extname(path).toLowerCase()
  if (extension === '.csv') return 'csv'
  if (extension === '.json') return 'json'
  throw new RefusedError(`${path} ends neither in .csv nor in .json: say which with --format`)
}

async function readBounded(path: string): Promise<Buffer> {
  try {
    const file = await open(path)
    try {
      const parts: Buffer[] = []
      let size = 0
      for await (const part of file.createReadStream({ autoClose: false })) {
        if (!Buffer.isBuffer(part)) continue
        size += part.length
        if (size > mostBytes) throw new RefusedError(`${path} has more than 10 MB; divide it`)
        parts.push(part)
      }
      return Buffer.concat(parts)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof RefusedError) throw error
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown'
    throw new RefusedError(`${path} cannot be read (${code})`, { cause: error })
  }
}

/** Without the mark that some programs put before UTF-8. */
function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new RefusedError(`${path} is no UTF-8 text: save it as UTF-8`, { cause })
  }
}
