import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import open from 'open'

const patience = 1_000

parentPort?.postMessage(await opens(String(workerData)))

/** Whether something was started for the page: a program that is missing or fails says so at once. */
async function opens(url: string): Promise<boolean> {
  try {
    const child = await open(url)
    const failure = new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(true))
      child.once('exit', (code) => resolve(code !== 0))
      if (child.exitCode !== null) resolve(child.exitCode !== 0)
    })
    return !(await Promise.race([failure, pause(patience, false)]))
  } catch {
    return false
  }
}
