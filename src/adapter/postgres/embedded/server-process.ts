import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import { Lifeline } from './lifeline.js'
import { runCommand } from './run-command.js'
import type { ServerBinaries } from './server-binaries.js'
import { lastComplaint, openLog, readLogFrom } from './server-log.js'
import type { ServerPlace } from './server-place.js'
import { serverArguments } from './server-settings.js'
import { watcherScript } from './watcher-script.js'

/** How a server ended that did not come up. */
export interface ServerEnd {
  /** Another server has the cluster, or has not quite left it: worth another try. */
  readonly isTaken: boolean
  readonly complaint: string | undefined
}

/** The name under which a server's lifeline is found. */
export const lifelineName = 'alive'

const taken =
  /pre-existing shared memory block|lock file "[^"]*" (already exists|is empty)|could not lock|bogus data in lock/

/** A server that this process has started and may still lose the cluster to another one's. */
export class StartedServer {
  /** Keeps the server alive, held since before its start. */
  readonly lifeline: Lifeline
  readonly #path: string
  readonly #place: ServerPlace
  #logPosition = 0
  #hasEnded = false
  #fault: string | undefined

  private constructor(lifeline: Lifeline, path: string, place: ServerPlace) {
    this.lifeline = lifeline
    this.#path = path
    this.#place = place
  }

  /** Starts the server in a session of its own, so that neither Ctrl-C nor the end of this process reaches it. */
  static async start(place: ServerPlace, folder: string, binaries: ServerBinaries): Promise<StartedServer> {
    const own = join(folder, `${lifelineName}.${randomBytes(8).toString('hex')}`)
    await makeFifo(own, place)
    const { lifeline, reader } = openBothEnds(own)
    const log = openLog(place)
    const server = new StartedServer(lifeline, own, place)
    const command = [folder, binaries.postgres, ...serverArguments(place.data, folder)]
    server.#logPosition = fstatSync(log).size
    const child = spawn('/bin/sh', ['-c', watcherScript, 'authsec-postgres', ...command], {
      ...place.account,
      cwd: place.base,
      detached: true,
      env: binaries.environment,
      stdio: [reader, log, log],
    })
    child.once('error', (cause) => {
      server.#fault = cause.message
      server.#hasEnded = true
    })
    child.once('exit', () => {
      server.#hasEnded = true
    })
    child.unref()
    for (const descriptor of [reader, log]) closeSync(descriptor)
    return server
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Why it ended, as far as its log says. */
  explainEnd(): ServerEnd {
    const text = readLogFrom(this.#place, this.#logPosition)
    return { isTaken: taken.test(text), complaint: this.#fault ?? lastComplaint(text) }
  }

  /** Lets other processes find this server; for when it holds the cluster. */
  publish(): void {
    renameSync(this.#path, join(dirname(this.#path), lifelineName))
  }

  /** Lets go of a server that is not to be used. */
  abandon(): void {
    this.lifeline.release()
    rmSync(this.#path, { force: true })
  }
}

async function makeFifo(path: string, { account }: ServerPlace): Promise<void> {
  const { code, output, failure } = await runCommand(['mkfifo', '-m', '600', path], { account })
  if (code === 0) return
  throw new UpstreamError('AUTH_UNAVAILABLE', `mkfifo could not make ${path}: ${failure ?? output.trim()}`)
}

/** The writing end held, and a blocking reading end for the watcher, opened in an order in which no open can block. */
function openBothEnds(path: string): { readonly lifeline: Lifeline; readonly reader: number } {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
  const placeholder = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
  try {
    const lifeline = Lifeline.hold(path)
    if (lifeline !== undefined) return { lifeline, reader: openSync(path, O_RDONLY | O_NOFOLLOW) }
    throw new UpstreamError('AUTH_UNAVAILABLE', `${path} vanished while the database was starting`)
  } finally {
    closeSync(placeholder)
  }
}
