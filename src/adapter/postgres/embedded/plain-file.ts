import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { errorCode } from './error-code.js'

/**
 * The text of a regular file, or `undefined` where there is none. Throws for a link in the last place, and never blocks on a FIFO:
 * the folder may belong to an account with fewer rights than ours.
 */
export function readPlainFile(path: string): string | undefined {
  const descriptor = openToRead(path)
  if (descriptor === undefined) return undefined
  try {
    return fstatSync(descriptor).isFile() ? readFileSync(descriptor, 'utf8') : undefined
  } finally {
    closeSync(descriptor)
  }
}

function openToRead(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined
    throw cause
  }
}
