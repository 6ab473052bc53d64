import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { errorCode } from './error-code.js'
import { serverUserId } from './server-account.js'
import type { ServerPlace } from './server-place.js'
import { giveTo } from './server-place.js'

/** A socket's address holds 104 bytes or a little more, of which PostgreSQL's file name takes 14. */
const longestFolder = 90

/**
 * The private folder for the server's socket and lifeline: `run` in the base or, where that path is too long for a socket, a folder for
 * temporary files that `run` then points to. Throws when somebody else could enter it.
 */
export function prepareSocketFolder(place: ServerPlace): string {
  const path = join(place.base, 'run')
  const isShort = Buffer.byteLength(path) <= longestFolder
  const folder = isShort ? path : recordedFolder(path, place)
  if (isShort && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(path)
  makeFolder(folder, place)
  const found = lstatSync(folder)
  if (found.isDirectory() && found.uid === serverUserId(place.account)) {
    const isOpen = (found.mode & 0o077) !== 0
    if (!isOpen) return folder
    if (isShort) {
      chmodSync(folder, 0o700)
      return folder
    }
  }
  const advice = 'remove it, or set AUTHSEC_HOME to a shorter path'
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `${folder} is not a private folder of the database: ${advice}`)
}

/** Recorded as a link, so that processes with different ideas of TMPDIR still meet; a copied home brings a record that is not its own. */
function recordedFolder(record: string, { base, account }: ServerPlace): string {
  const name = `authsec-${createHash('sha256').update(base).digest('hex').slice(0, 16)}`
  const recorded = readRecord(record)
  if (recorded !== undefined && basename(recorded) === name) return recorded
  // TMPDIR is ours and may be closed to another account.
  const folder = join(account === undefined ? tmpdir() : '/tmp', name)
  const target = Buffer.byteLength(folder) <= longestFolder ? folder : join('/tmp', name)
  rmSync(record, { recursive: true, force: true })
  try {
    symlinkSync(target, record)
  } catch (cause) {
    if (errorCode(cause) !== 'EEXIST') throw cause
  }
  return readRecord(record) ?? target
}

function readRecord(record: string): string | undefined {
  return lstatSync(record, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(record) : undefined
}

/** In one step, so that another process that starts at the same time never sees it with the wrong owner. */
function makeFolder(folder: string, { account }: ServerPlace): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined) return
  const draft = `${folder}.${randomBytes(4).toString('hex')}`
  mkdirSync(draft, { mode: 0o700 })
  try {
    giveTo(account, draft)
    renameSync(draft, folder)
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true })
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) throw cause
  }
}
