import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { RefusedError } from '../app/refused-error.js'

export interface TextBound {
  readonly bytes: number
  /** What is said of more than that. */
  readonly tooLong: string
}

/**
 * What a file holds, or standard input where there is no file: never an argument, which other users of the machine could read.
 * Throws `RefusedError` where it cannot be read or is too long.
 */
export async function readSecretText(file: string | undefined, bound: TextBound): Promise<string> {
  if (file === undefined) return read(process.stdin, bound)
  try {
    return await read(createReadStream(file), bound)
  } catch (error) {
    if (error instanceof RefusedError) throw error
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown'
    throw new RefusedError(`${file} cannot be read (${code})`, { cause: error })
  }
}

async function read(stream: Readable, { bytes: most, tooLong }: TextBound): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of stream) {
    const bytes = Buffer.from(part)
    size += bytes.length
    if (size > most) throw new RefusedError(tooLong)
    parts.push(bytes)
  }
  return Buffer.concat(parts).toString('utf8')
}
