import type { Log } from '../core/runtime/log.js'

const signals = ['SIGINT', 'SIGTERM'] as const

/** Ends the process after `close` when it is asked to stop; a second signal ends it at once. Answers with a way to undo this. */
export function stopOnSignals(close: () => Promise<void>, log: Log): () => void {
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(signal === 'SIGINT' ? 130 : 143)
    stopping = true
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.write('error', 'the server did not stop cleanly', { error })
        process.exit(1)
      },
    )
  }
  for (const signal of signals) process.on(signal, stop)
  return () => {
    if (!stopping) for (const signal of signals) process.off(signal, stop)
  }
}
