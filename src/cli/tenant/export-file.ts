import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { WriteExport } from '../../app/administration/administer-tenants.js'
import { refusalOf, writePrivateResult } from '../write-private-result.js'

/**
 * Writes an export to a file that is not there yet, for its owner's eyes only, whole or not at all; answers with the number of rows.
 * Throws `RefusedError` where that cannot be done.
 */
export async function writeExportFile(path: string, write: WriteExport): Promise<number> {
  return writePrivateResult({ path, existing: 'refused' }, (add) => write((line) => add(`${line}\n`)))
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
