import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { accountOwning, chooseAccount } from './choose-account.js'
import { readPlainFile } from './plain-file.js'
import { runCommand } from './run-command.js'
import type { ServerAccount } from './server-account.js'

/** Where the server's files are and who runs it. */
export interface ServerPlace {
  /** The home, or the folder it had to move to because the server's account cannot reach the home. */
  readonly base: string
  /** The cluster. */
  readonly data: string
  /** Whom to run the server as; `undefined` for the user of this process. */
  readonly account: ServerAccount | undefined
}

const relocationRoot = '/var/lib/authsec'
const movedTo = 'moved-to'

/** The place of the cluster that this home already has, or `undefined`. Throws when another user owns it. */
export function findPlace(home: string): ServerPlace | undefined {
  if (!existsSync(home)) return undefined
  const base = relocated(home) ?? realpathSync(home)
  const data = join(base, 'pg')
  return existsSync(data) ? { base, data, account: accountOwning(data) } : undefined
}

/** A place for a new cluster, with its folders made. Throws when no account can run it. */
export async function preparePlace(home: string): Promise<ServerPlace> {
  const account = await chooseAccount(home)
  const isNew = mkdirSync(home, { recursive: true, mode: 0o700 }) !== undefined
  const real = realpathSync(home)
  if (account !== undefined && isNew) handOver(real, account)
  const base = account === undefined ? real : (relocated(real) ?? (await reachableBase(real, account)))
  return { base, data: join(base, 'pg'), account }
}

/** Whether the account can use the file or folder: tried, because modes, access lists and mounts all have a say. */
export async function canReach(account: ServerAccount, path: string): Promise<boolean> {
  const { code } = await runCommand(['/bin/sh', '-c', 'test -x "$1"', 'sh', path], { account })
  return code === 0
}

/** Gives a file or folder that we made to the account that runs the server. */
export function giveTo(account: ServerAccount | undefined, path: string): void {
  if (account !== undefined) chownSync(path, account.uid, account.gid)
}

/** A new home inside somebody's project belongs to them, or their next start without root could not use it. */
function handOver(home: string, account: ServerAccount): void {
  const project = statSync(join(home, '..'))
  if (project.uid === account.uid) giveTo(account, home)
}

function relocated(home: string): string | undefined {
  const base = readPlainFile(join(home, movedTo))?.trim()
  if (base === undefined || isAbsolute(base)) return base
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `${join(home, movedTo)} does not name a folder`)
}

async function reachableBase(home: string, account: ServerAccount): Promise<string> {
  if (!(await canReach(account, dirname(home)))) return relocate(home)
  // The home is ours by contract, and its files have modes of their own: passing through tells nobody anything.
  const { mode, uid } = statSync(home)
  if (uid !== account.uid) chmodSync(home, (mode & 0o777) | 0o011)
  return (await canReach(account, home)) ? home : relocate(home)
}

/** A new folder each time: a home that was removed, keys and all, must not find its old database again, which goes with it. */
function relocate(home: string): string {
  const prefix = createHash('sha256').update(home).digest('hex').slice(0, 16)
  const base = join(relocationRoot, `${prefix}-${randomBytes(4).toString('hex')}`)
  mkdirSync(base, { recursive: true })
  for (const folder of [relocationRoot, base]) chmodSync(folder, 0o755)
  const draft = join(base, movedTo)
  writeFileSync(draft, `${base}\n`, { mode: 0o600 })
  try {
    copyFileSync(draft, join(home, movedTo), constants.COPYFILE_EXCL)
  } catch (cause) {
    const quicker = relocated(home)
    if (quicker === undefined) throw cause
    rmSync(base, { recursive: true })
    return quicker
  }
  for (const name of readdirSync(relocationRoot)) {
    const former = join(relocationRoot, name)
    if (name.startsWith(`${prefix}-`) && former !== base) rmSync(former, { recursive: true, force: true })
  }
  return base
}
