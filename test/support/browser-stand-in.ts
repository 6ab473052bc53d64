import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './until.js'

/** A program that stands for the browser of the user: it writes down what it is to open. */
export class BrowserStandIn {
  readonly command: string
  readonly #record: string

  private constructor(command: string, record: string) {
    this.command = command
    this.#record = record
  }

  static async in(folder: string): Promise<BrowserStandIn> {
    const [command, record] = [join(folder, 'browser.sh'), join(folder, 'opened.txt')]
    await writeFile(command, `#!/bin/sh\nprintf '%s\\n' "$1" >> '${record}'\n`)
    await chmod(command, 0o755)
    await writeFile(record, '')
    return new BrowserStandIn(command, record)
  }

  /** What it was to open, in order. */
  async opened(): Promise<readonly string[]> {
    return (await readFile(this.#record, 'utf8')).split('\n').filter((line) => line !== '')
  }

  /** Waits until it was to open something, and answers with what. */
  async next(after = 0): Promise<string> {
    await until(async () => (await this.opened()).length > after)
    return (await this.opened())[after] ?? ''
  }
}
