import { exitCodes, InterruptedError } from './exit-code.js'

/** Runs work that has something to leave in order when somebody breaks it off; who does so twice does not wait for that. */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const ending = new AbortController()
  const usual = process.listeners('SIGINT')
  const end = (): void => {
    if (ending.signal.aborted) process.exit(exitCodes.interrupted)
    ending.abort(new InterruptedError('interrupted'))
  }
  process.removeAllListeners('SIGINT').on('SIGINT', end)
  try {
    return await work(ending.signal)
  } finally {
    process.off('SIGINT', end)
    for (const listener of usual) process.once('SIGINT', listener)
  }
}
