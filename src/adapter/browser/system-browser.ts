import { Worker } from 'node:worker_threads'
import type { Log } from '../../core/runtime/log.js'
import type { Browser } from '../../core/sign-in/browser.js'
import { browserEnvironment } from './browser-environment.js'

/**
 * The user's default browser, started with nothing of our environment that it does not need. Whether a page really appears
 * nobody tells us: only that something was started for it.
 */
export function createSystemBrowser(log: Log): Browser {
  return {
    async open(url) {
      const opened = await openInThread(url)
      // The address is not for the log.
      if (!opened) log.write('info', 'no browser could be opened')
      return opened
    },
  }
}

/** `open` takes no environment but hands on that of its thread, so it gets a thread of its own. */
function openInThread(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const thread = new Worker(new URL('./open-page.js', import.meta.url), {
      workerData: url,
      env: browserEnvironment(process.env),
      execArgv: [],
    })
    thread.unref()
    thread.once('message', (opened) => resolve(opened === true))
    thread.once('error', () => resolve(false))
    thread.once('exit', () => resolve(false))
  })
}
