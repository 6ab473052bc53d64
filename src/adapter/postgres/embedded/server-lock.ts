import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, readlinkSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from './error-code.js'
import { readPlainFile } from './plain-file.js'
import { runCommand } from './run-command.js'

/** What PostgreSQL says of its running server in `postmaster.pid`. */
export interface ServerLock {
  readonly pid: number
  readonly isReady: boolean
}

/**
 * Whose process id the lock names: `server`, this cluster's running server; `foreign`, a process that is certainly another one or a
 * zombie; `gone`, no process, or one that PostgreSQL itself can judge.
 */
export type LockHolder = 'foreign' | 'gone' | 'server'

const lockFile = 'postmaster.pid'
const statusLine = 7

/** The lock of the server on this cluster, or `undefined` when there is none. */
export function readLock(data: string): ServerLock | undefined {
  const lines = readPlainFile(join(data, lockFile))?.split('\n')
  const pid = Number(lines?.[0])
  if (lines === undefined || !Number.isSafeInteger(pid) || pid <= 0) return undefined
  return { pid, isReady: lines[statusLine]?.trim() === 'ready' }
}

/** Whether the lock's process is the cluster's server: after a crash or a restart of the machine its id may be anybody's. */
export async function inspectHolder({ pid }: ServerLock, data: string): Promise<LockHolder> {
  if (!existsInOurReach(pid)) return 'gone'
  if (!existsSync('/proc/self/stat')) return inspectByPs(pid)
  try {
    const state = /^\d+ \((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    if (state?.[2] === 'Z' || state?.[2] === 'X') return 'foreign'
    const isServer = state?.[1] === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data)
    return isServer ? 'server' : 'foreign'
  } catch {
    return 'gone'
  }
}

/**
 * Removes a lock that names a foreign process, which PostgreSQL would take for a running server. By rename and a second look, so that
 * the lock of a server that another process has just started survives.
 */
export function removeLock(data: string, socketLock: string, { pid }: ServerLock): void {
  for (const path of [join(data, lockFile), socketLock]) {
    if (!namesProcess(path, pid)) continue
    const aside = `${path}.${randomBytes(4).toString('hex')}`
    try {
      renameSync(path, aside)
      if (!namesProcess(aside, pid)) linkSync(aside, path)
    } catch (cause) {
      if (!['ENOENT', 'EEXIST'].includes(errorCode(cause))) throw cause
    } finally {
      rmSync(aside, { force: true })
    }
  }
}

function namesProcess(path: string, pid: number): boolean {
  return readPlainFile(path)?.split('\n')[0]?.trim() === String(pid)
}

/** False also for a process of another user, which PostgreSQL itself does not take for its own. */
function existsInOurReach(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function inspectByPs(pid: number): Promise<LockHolder> {
  const { code, output } = await runCommand(['ps', '-o', 'stat=,comm=', '-p', String(pid)])
  if (code !== 0) return 'gone'
  const [state = '', program = ''] = output.trim().split(/\s+/)
  return !state.startsWith('Z') && /(^|\/)postgres$/.test(program) ? 'server' : 'foreign'
}
