import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BrowserStandIn } from './browser-stand-in.js'
import { cleanEnvironment, type Finished } from './server-process.js'
import { until } from './until.js'

const patience = 40_000

/** An MCP client that is a program, with a home that nobody else has and a browser that only writes down what it is to open. */
export class ClientProgram {
  readonly home: string
  readonly #folder: string
  readonly #browser: BrowserStandIn
  readonly #argv: readonly string[]
  readonly #running = new Set<ChildProcess>()

  private constructor(folder: string, browser: BrowserStandIn, argv: readonly string[]) {
    this.#folder = folder
    this.home = join(folder, 'home')
    this.#browser = browser
    this.#argv = argv
  }

  /** `argv` goes before what each run is given. */
  static async create(...argv: readonly string[]): Promise<ClientProgram> {
    const folder = await mkdtemp(join(tmpdir(), 'authsec-client-'))
    await mkdir(join(folder, 'home'))
    return new ClientProgram(folder, await BrowserStandIn.in(folder), argv)
  }

  get env(): Readonly<Record<string, string>> {
    const own = Object.entries(cleanEnvironment()).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    )
    return {
      ...Object.fromEntries(own),
      ...{ HOME: this.home, BROWSER: this.#browser.command },
      ...{ MCP_AUTO_OPEN_ENABLED: 'true', MCP_INSPECTOR_SECRET_STORE: 'file' },
    }
  }

  /** Runs it to its end; answers with everything that it said. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
    const child = spawn(process.execPath, [...this.#argv, ...args], {
      ...{ cwd: this.home, env: { ...this.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    })
    this.#running.add(child)
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
    await once(child, 'close')
    this.#running.delete(child)
    return { code: child.exitCode, ...output }
  }

  /** What the browser was to open so far. */
  opened(): Promise<readonly string[]> {
    return this.#browser.opened()
  }

  /** What it was to open next, once it was to open more than `before` pages. */
  async asks(before = 0): Promise<string> {
    await until(async () => (await this.opened()).length > before, patience)
    return this.#browser.next(before)
  }

  /** Changes what it keeps in a file of its home. */
  async rewrite(file: string, change: (text: string) => string): Promise<void> {
    const path = join(this.home, file)
    await writeFile(path, change(await readFile(path, 'utf8')))
  }

  async close(): Promise<void> {
    for (const child of this.#running) {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 20 })
  }
}
