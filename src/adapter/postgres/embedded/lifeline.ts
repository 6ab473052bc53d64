import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { errorCode } from './error-code.js'
import { readPlainFile } from './plain-file.js'

const stepMs = 4
const noReader = ['ENOENT', 'ENXIO', 'EPIPE']

/**
 * One writing end of the FIFO that keeps the server alive. The operating system closes it with the process, however that ends, and the
 * server's watcher stops the server when the last one is closed.
 */
export class Lifeline {
  readonly #folder: string
  #descriptor: number | undefined

  private constructor(folder: string, descriptor: number) {
    this.#folder = folder
    this.#descriptor = descriptor
  }

  /** The lifeline at this path, held; `undefined` when nobody watches it. */
  static hold(path: string): Lifeline | undefined {
    try {
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW
      const descriptor = openSync(path, flags)
      if (fstatSync(descriptor).isFIFO()) return new Lifeline(dirname(path), descriptor)
      closeSync(descriptor)
      return undefined
    } catch (cause) {
      if (noReader.includes(errorCode(cause))) return undefined
      throw cause
    }
  }

  /**
   * Asks the watcher to answer, which it does by a file with the server's process id: after the answer it is sure to have seen this
   * holder, so that it cannot be about to stop the server. `undefined` when the watcher is gone or the signal ends the wait.
   */
  async greet(signal: AbortSignal): Promise<number | undefined> {
    const token = randomBytes(8).toString('hex')
    const answer = join(this.#folder, `held.${token}`)
    if (!this.#write(`${token}\n`)) return undefined
    while (!signal.aborted) {
      const text = readPlainFile(answer)
      if (text?.endsWith('\n') === true) {
        rmSync(answer, { force: true })
        return Number(text)
      }
      if (!this.isWatched()) return undefined
      await pause(stepMs)
    }
    return undefined
  }

  /** Whether the server's watcher is still there. */
  isWatched(): boolean {
    return this.#write('\n')
  }

  /** Lets go. A second time does nothing. */
  release(): void {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor !== undefined) closeSync(descriptor)
  }

  #write(line: string): boolean {
    if (this.#descriptor === undefined) return false
    try {
      writeSync(this.#descriptor, line)
      return true
    } catch (cause) {
      const code = errorCode(cause)
      // A full pipe has a reader, if a slow one.
      if (code === 'EAGAIN') return true
      if (noReader.includes(code)) return false
      throw cause
    }
  }
}
