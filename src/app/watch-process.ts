import type { Log } from '../core/runtime/log.js'

const signals = ['SIGINT', 'SIGTERM'] as const
const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const

/**
 * Ends the process after `close` when it is asked to stop, at once when it is asked again. A promise that a tool forgot to await
 * is logged and ends nothing: one caller's failure must not take the server from all others. An exception that nobody caught
 * leaves the process in an unknown state: it is drained and ends with 1. Answers with a way to undo this.
 */
export function watchProcess(close: () => Promise<void>, log: Log): () => void {
  let stopping = false
  const stop = (exitCode: number): void => {
    stopping = true
    close().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log.write('error', 'the server did not stop cleanly', { error })
        process.exit(1)
      },
    )
  }
  const onSignal = (signal: (typeof signals)[number]): void => {
    if (stopping) process.exit(128 + signalNumbers[signal])
    stop(0)
  }
  const onRejection = (error: unknown): void =>
    log.write('error', 'a promise was rejected and nobody waited for it', { error })
  const onException = (error: unknown): void => {
    log.write('error', 'an exception that nobody caught', { error })
    if (stopping) process.exit(1)
    stop(1)
  }
  for (const signal of signals) process.on(signal, onSignal)
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onException)
  return () => {
    if (stopping) return
    for (const signal of signals) process.off(signal, onSignal)
    process.off('unhandledRejection', onRejection)
    process.off('uncaughtException', onException)
  }
}
