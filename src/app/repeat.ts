import type { Log } from '../core/runtime/log.js'

/** Runs `action` every `milliseconds`, never twice at once, until the answer is called; a failure is logged and does not end it. */
export function repeat(action: () => Promise<unknown>, milliseconds: number, log: Log): () => void {
  let running = false
  const attempt = async (): Promise<void> => {
    if (running) return
    running = true
    try {
      await action()
    } catch (error) {
      log.write('warn', 'a recurring task failed and will be tried again', { error })
    } finally {
      running = false
    }
  }
  const timer = setInterval(() => void attempt(), milliseconds).unref()
  return () => clearInterval(timer)
}
