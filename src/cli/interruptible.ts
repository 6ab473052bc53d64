import { endingSignals, InterruptedError, type EndingSignal } from './exit-code.js'

/** Runs work that has something to leave in order when somebody breaks it off; who does so twice does not wait for that. */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const ending = new AbortController()
  const stopListening = onEndingSignal((signal) => {
    if (ending.signal.aborted) process.exit(endingSignals[signal])
    ending.abort(new InterruptedError('interrupted', signal))
  })
  try {
    return await work(ending.signal)
  } finally {
    stopListening()
  }
}

/** Has `end` told of every signal that ends a command, and nobody else; answers with what takes that back. */
export function onEndingSignal(end: (signal: EndingSignal) => void): () => void {
  const signals: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const usual = signals.map((signal) => ({ signal, listeners: process.listeners(signal) }))
  for (const signal of signals) process.removeAllListeners(signal).on(signal, end)
  return () => {
    for (const { listeners, signal } of usual) {
      process.off(signal, end)
      for (const listener of listeners) process.on(signal, listener)
    }
  }
}
