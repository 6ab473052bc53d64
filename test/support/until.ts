import { setTimeout as pause } from 'node:timers/promises'

/** Resolves when `condition` holds; throws `TypeError` after `milliseconds`. */
export async function until(condition: () => boolean | Promise<boolean>, milliseconds = 5_000): Promise<void> {
  const deadline = Date.now() + milliseconds
  while (!(await condition())) {
    if (Date.now() > deadline) throw new TypeError(`not so after ${milliseconds} ms: ${condition.toString()}`)
    await pause(5)
  }
}
