import type { IssuerStorage } from '../../../core/identity/issuer-storage.js'
import type { Log } from '../../../core/runtime/log.js'
import { errorName } from '../provider/error-name.js'

const everyMilliseconds = 10 * 60 * 1000

export interface Purging {
  /** Resolves when no purge is running any more. */
  stop(): Promise<void>
}

/** Removes expired records now and then; never keeps the process alive. */
export function startPurging(storage: IssuerStorage, log: Log): Purging {
  let running = Promise.resolve()
  const timer = setInterval(() => {
    running = running.then(() => purge(storage, log))
  }, everyMilliseconds)
  timer.unref()
  return {
    stop: () => {
      clearInterval(timer)
      return running
    },
  }
}

async function purge(storage: IssuerStorage, log: Log): Promise<void> {
  try {
    const records = await storage.purge()
    if (records > 0) log.write('debug', 'expired authorization records removed', { records })
  } catch (error) {
    log.write('warn', 'expired authorization records could not be removed', { error: errorName(error) })
  }
}
