import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { hasCode } from '../../core/error/has-code.js'
import { readOptionalFile, writePrivateFile } from '../settings/private-file.js'

/** Which development server runs from a home, so that the CLI can find it. */
export interface RunningServer {
  readonly pid: number
  readonly publicUrl: string
  readonly clientId: string
}

/** One file per process, so that servers of one home do not speak for each other. */
function announcements(home: string): string {
  return join(home, 'servers')
}

/** Says that this server runs, and forgets those that were killed. */
export async function announceServer(home: string, server: RunningServer): Promise<void> {
  // By the name of each file alone: one that appears meanwhile belongs to a server that is starting beside us.
  for (const file of await announced(home)) {
    if (!isAlive(Number.parseInt(file, 10))) await rm(join(announcements(home), file), { force: true })
  }
  await writePrivateFile(join(announcements(home), `${server.pid}.json`), `${JSON.stringify(server)}\n`)
}

export async function withdrawServer(home: string, pid: number): Promise<void> {
  await rm(join(announcements(home), `${pid}.json`), { force: true })
}

/** The servers that run from `home`. */
export async function findRunningServers(home: string): Promise<readonly RunningServer[]> {
  const files = await announced(home)
  const servers = await Promise.all(files.map((file) => readAnnouncement(join(announcements(home), file))))
  return servers.filter((server) => server !== undefined).filter(({ pid }) => isAlive(pid))
}

async function announced(home: string): Promise<readonly string[]> {
  if (!existsSync(announcements(home))) return []
  return (await readdir(announcements(home))).filter((file) => file.endsWith('.json'))
}

async function readAnnouncement(path: string): Promise<RunningServer | undefined> {
  const text = await readOptionalFile(path)
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRunningServer(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRunningServer(value: unknown): value is RunningServer {
  if (typeof value !== 'object' || value === null) return false
  return (
    typeof Reflect.get(value, 'pid') === 'number' &&
    typeof Reflect.get(value, 'publicUrl') === 'string' &&
    typeof Reflect.get(value, 'clientId') === 'string'
  )
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}
