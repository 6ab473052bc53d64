import type { Log } from '../core/runtime/log.js'

const signals = ['SIGINT', 'SIGTERM'] as const
const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const
const longestStopMilliseconds = 10_000

interface Watched {
  readonly close: () => Promise<void>
  readonly log: Log
}

/** The servers of this process: it ends when the last of them is closed. */
const watched = new Set<Watched>()
/** Whether somebody asked for the end, who may ask again to have it at once. */
let stopping: 'asked' | 'unasked' | undefined

/**
 * Ends the process after every watched server is closed when it is asked to stop, at once when it is asked again. A promise that
 * a tool forgot to await is logged and ends nothing: one caller's failure must not take the server from all others. An exception
 * that nobody caught leaves the process in an unknown state: it is drained and ends with 1. What cannot be written to standard
 * output or error is lost, and ends nothing. Answers with a way to undo this.
 */
export function watchProcess(close: () => Promise<void>, log: Log): () => void {
  const server = { close, log }
  if (watched.size === 0) listen()
  watched.add(server)
  return () => {
    watched.delete(server)
    if (watched.size === 0 && stopping === undefined) ignore()
  }
}

function listen(): void {
  for (const signal of signals) process.on(signal, onSignal)
  for (const output of [process.stdout, process.stderr]) output.on('error', onLostOutput)
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onException)
}

function ignore(): void {
  for (const signal of signals) process.off(signal, onSignal)
  for (const output of [process.stdout, process.stderr]) output.off('error', onLostOutput)
  process.off('unhandledRejection', onRejection)
  process.off('uncaughtException', onException)
}

function onSignal(signal: (typeof signals)[number]): void {
  if (stopping === 'asked') process.exit(128 + signalNumbers[signal])
  const begun = stopping !== undefined
  stopping = 'asked'
  if (!begun) stop(0)
}

/** Ends the process as a signal does: nobody is left to serve. A signal that comes meanwhile is the first one. */
export function endProcess(): void {
  if (stopping !== undefined) return
  stopping = 'unasked'
  stop(0)
}

function onLostOutput(): void {}

function onRejection(error: unknown): void {
  write('a promise was rejected and nobody waited for it', error)
}

function onException(error: unknown): void {
  write('an exception that nobody caught', error)
  if (stopping !== undefined) process.exit(1)
  stopping = 'asked'
  stop(1)
}

function stop(exitCode: number): void {
  const servers = [...watched]
  setTimeout(() => {
    for (const { log } of servers) log.write('error', 'the server did not stop in time')
    process.exit(1)
  }, longestStopMilliseconds).unref()
  void Promise.all(servers.map(closed)).then((clean) => process.exit(clean.every(Boolean) ? exitCode : 1))
}

async function closed({ close, log }: Watched): Promise<boolean> {
  try {
    await close()
    return true
  } catch (error) {
    log.write('error', 'the server did not stop cleanly', { error })
    return false
  }
}

function write(message: string, error: unknown): void {
  const [first] = watched
  first?.log.write('error', message, { error })
}
