import type { Stats } from 'node:fs'
import { lstatSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { runCommand } from './run-command.js'
import type { ServerAccount } from './server-account.js'
import { isRoot } from './server-account.js'

const rootId = 0

/** Who has to run the server for this cluster folder: `undefined` for ourselves. Throws when that is not in our power. */
export function accountOwning(folder: string): ServerAccount | undefined {
  const { uid, gid } = lstatSync(folder)
  if (uid === rootId) {
    const advice = 'PostgreSQL refuses to run as root: give the folder to another user (chown -R)'
    throw new ConfigurationError('ERR_CONFIG_DATABASE', `the database in ${folder} belongs to root. ${advice}`)
  }
  if (uid === process.geteuid?.()) return undefined
  if (isRoot()) return { uid, gid }
  const advice = 'run as that user, or set AUTHSEC_HOME to a folder of your own'
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `the database in ${folder} belongs to user ${uid}: ${advice}`)
}

/**
 * The account for a new cluster. Root hands over to the owner of the project, else `postgres`, else `nobody`; everybody else runs it
 * themselves. Throws for a user without an entry in the user database, whom initdb refuses.
 */
export async function chooseAccount(home: string): Promise<ServerAccount | undefined> {
  if (!isRoot()) {
    requireUserEntry()
    return undefined
  }
  const owner = projectOwner(home)
  const candidates = owner === rootId ? ['postgres', 'nobody'] : [String(owner), 'postgres', 'nobody']
  for (const candidate of candidates) {
    const account = await findAccount(candidate)
    if (account !== undefined && account.uid !== rootId) return account
  }
  const advice = 'add a user named postgres, run as an ordinary user, or set AUTHSEC_DATABASE_URL'
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `PostgreSQL refuses to run as root: ${advice}`)
}

function requireUserEntry(): void {
  try {
    userInfo()
  } catch (cause) {
    const who = `user ${process.geteuid?.() ?? ''} has no entry in the user database (/etc/passwd)`
    const advice = 'PostgreSQL needs one: add it, run as another user, or set AUTHSEC_DATABASE_URL'
    throw new ConfigurationError('ERR_CONFIG_DATABASE', `${who}. ${advice}`, { cause })
  }
}

/** Owner of the home where it exists and is not root's, else of the nearest folder above it, which is the project by default. */
function projectOwner(home: string): number {
  const own = statIfPresent(home)
  if (own !== undefined && own.uid !== rootId) return own.uid
  let folder = dirname(home)
  let found = statIfPresent(folder)
  while (found === undefined && folder !== dirname(folder)) {
    folder = dirname(folder)
    found = statIfPresent(folder)
  }
  return found?.uid ?? rootId
}

function statIfPresent(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

async function findAccount(nameOrId: string): Promise<ServerAccount | undefined> {
  const { code, output } = await runCommand(['/bin/sh', '-c', 'id -u "$1" && id -g "$1"', 'sh', nameOrId])
  const [uid, gid] = output.trim().split('\n').map(Number)
  if (code !== 0 || !Number.isSafeInteger(uid) || !Number.isSafeInteger(gid)) return undefined
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}
