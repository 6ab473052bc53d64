import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Log } from '../../../core/runtime/log.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { requireSameMajor } from './cluster.js'
import { Lifeline } from './lifeline.js'
import { findNativePackage } from './native-package.js'
import { acceptsConnections } from './probe-connection.js'
import { removeAbandoned } from './remove-abandoned.js'
import type { ServerBinaries } from './server-binaries.js'
import { prepareBinaries } from './server-binaries.js'
import type { ServerLock } from './server-lock.js'
import { inspectHolder, readLock, removeLock } from './server-lock.js'
import { logFile } from './server-log.js'
import type { ServerPlace } from './server-place.js'
import { lifelineName, StartedServer } from './server-process.js'

const patienceMs = 30_000
const orphanPatienceMs = 3_000
const stepMs = 4
const mostFailures = 3

/** A cluster whose server is to be held. */
export interface ServerSearch {
  readonly place: ServerPlace
  readonly connection: ConnectionSettings
  readonly log: Log
}

/**
 * A hold on the cluster's server, which takes connections: the one that runs, or one started now. Throws when it cannot be started, or
 * is not ready within 30 s.
 */
export async function holdServer(search: ServerSearch): Promise<Lifeline> {
  const { place, log } = search
  const signal = AbortSignal.timeout(patienceMs)
  const orphans = new OrphanWatch(log)
  let binaries: ServerBinaries | undefined
  let failures = 0
  while (!signal.aborted) {
    const shared = await joinServer(search, signal)
    if (shared !== undefined) return shared
    if (await isHeldByServer(search, orphans)) {
      await pause(stepMs)
      continue
    }
    binaries ??= await findBinaries(search)
    const server = await StartedServer.start(place, search.connection.host, binaries)
    if (await wins(server, search, signal)) return server.lifeline
    while (!server.hasEnded && !signal.aborted) await pause(stepMs)
    const { isTaken, complaint } = server.explainEnd()
    if (!isTaken) failures += 1
    if (failures === mostFailures) throw doesNotStart(place, complaint)
    await pause(failures * 10 * stepMs + stepMs)
  }
  throw new UpstreamError(
    'AUTH_UNAVAILABLE',
    `the embedded database was not ready within ${patienceMs / 1000} s: see ${logFile(place)}`,
  )
}

async function joinServer(search: ServerSearch, signal: AbortSignal): Promise<Lifeline | undefined> {
  const lifeline = Lifeline.hold(join(search.connection.host, lifelineName))
  if (lifeline === undefined) return undefined
  let isJoined = false
  try {
    isJoined = (await lifeline.greet(signal)) !== undefined && (await becomesReady(lifeline, search, signal))
    return isJoined ? lifeline : undefined
  } finally {
    if (!isJoined) lifeline.release()
  }
}

/** Whether the server that we started gets the cluster and comes up. */
async function wins(server: StartedServer, search: ServerSearch, signal: AbortSignal): Promise<boolean> {
  let isUp = false
  try {
    const pid = await server.lifeline.greet(signal)
    while (!server.hasEnded && !signal.aborted && readLock(search.place.data)?.pid !== pid) await pause(stepMs)
    if (server.hasEnded || signal.aborted) return false
    server.publish()
    isUp = await becomesReady(server.lifeline, search, signal)
    return isUp
  } finally {
    if (!isUp) server.abandon()
  }
}

async function becomesReady(lifeline: Lifeline, search: ServerSearch, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted && lifeline.isWatched()) {
    if (readLock(search.place.data)?.isReady === true && (await acceptsConnections(search.connection))) return true
    await pause(stepMs)
  }
  return false
}

/** Whether a running server has the cluster that cannot be joined now: it is starting or stopping, or has lost its watcher. */
async function isHeldByServer({ place, connection, log }: ServerSearch, orphans: OrphanWatch): Promise<boolean> {
  const lock = readLock(place.data)
  if (lock === undefined) return false
  const holder = await inspectHolder(lock, place.data)
  if (holder === 'server') orphans.see(lock)
  if (holder === 'foreign') {
    log.write('debug', 'embedded PostgreSQL did not stop in order: its lock names another process', { pid: lock.pid })
    removeLock(place.data, join(connection.host, `.s.PGSQL.${connection.port}.lock`), lock)
  }
  return holder === 'server'
}

async function findBinaries({ place, connection }: ServerSearch): Promise<ServerBinaries> {
  const native = findNativePackage()
  requireSameMajor(place.data, native)
  removeAbandoned(place.base, /^pg\.\d+\./)
  removeAbandoned(connection.host, /^(alive|held)\./)
  return prepareBinaries(native, place)
}

function doesNotStart(place: ServerPlace, complaint: string | undefined): ConfigurationError {
  const fault = `the embedded database in ${place.base} does not start`
  return new ConfigurationError(
    'ERR_CONFIG_DATABASE',
    `${fault}: ${complaint ?? 'no reason given'}; see ${logFile(place)}`,
  )
}

/** Stops a server that stays up but cannot be joined, as after its watcher was killed. */
class OrphanWatch {
  readonly #log: Log
  #pid: number | undefined
  #since = 0

  constructor(log: Log) {
    this.#log = log
  }

  see({ pid, isReady }: ServerLock): void {
    const now = performance.now()
    if (!isReady || this.#pid !== pid) {
      this.#pid = isReady ? pid : undefined
      this.#since = now
      return
    }
    if (now - this.#since < orphanPatienceMs) return
    this.#since = now
    this.#log.write('warn', 'stopping an embedded PostgreSQL that nothing watches', { pid })
    process.kill(pid, 'SIGINT')
  }
}
