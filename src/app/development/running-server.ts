import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import { hasCode } from '../../core/error/has-code.js'
import { readOptionalFile, writePrivateFile } from '../settings/private-file.js'

/** Which development server runs from a home, so that the CLI can find it. */
export interface RunningServer {
  readonly pid: number
  readonly publicUrl: string
  readonly clientId: string
}

const fileName = 'server.json'

export async function announceServer(home: string, server: RunningServer): Promise<void> {
  await writePrivateFile(join(home, fileName), `${JSON.stringify(server)}\n`)
}

/** Takes the announcement back, unless another process has announced itself since. */
export async function withdrawServer(home: string, pid: number): Promise<void> {
  const announced = await readAnnouncement(home)
  if (announced?.pid === pid) await rm(join(home, fileName), { force: true })
}

/** The server that runs from `home`, or `undefined` where none does. */
export async function findRunningServer(home: string): Promise<RunningServer | undefined> {
  const announced = await readAnnouncement(home)
  return announced !== undefined && isAlive(announced.pid) ? announced : undefined
}

async function readAnnouncement(home: string): Promise<RunningServer | undefined> {
  const text = await readOptionalFile(join(home, fileName))
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
