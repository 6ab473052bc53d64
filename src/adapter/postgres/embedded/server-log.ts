import { closeSync, constants, fchownSync, fstatSync, openSync, readSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerPlace } from './server-place.js'

const largestLog = 4 * 2 ** 20
const longestReading = 64 * 2 ** 10

/** Where the server writes its log. */
export function logFile({ base }: ServerPlace): string {
  return join(base, 'postgres.log')
}

/** The log, opened for the server to append to; one that has grown large is set aside first. */
export function openLog(place: ServerPlace): number {
  const path = logFile(place)
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
  const log = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
  if (place.account !== undefined) fchownSync(log, place.account.uid, place.account.gid)
  if (fstatSync(log).size < largestLog) return log
  closeSync(log)
  renameSync(path, `${path}.1`)
  return openLog(place)
}

/** What was logged from this position on. */
export function readLogFrom(place: ServerPlace, position: number): string {
  const log = openSync(logFile(place), constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const text = Buffer.alloc(longestReading)
    return text.toString('utf8', 0, readSync(log, text, 0, text.length, position))
  } finally {
    closeSync(log)
  }
}

/** The last line of a program's output that says why it gave up. */
export function lastComplaint(output: string): string | undefined {
  return output
    .split('\n')
    .filter((line) => /\b(error|FATAL|PANIC|not found|denied|could not)\b/.test(line))
    .at(-1)
    ?.trim()
}
