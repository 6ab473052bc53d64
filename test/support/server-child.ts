import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { cleanEnvironment } from './server-process.js'
import { until } from './until.js'

export interface ServerChildOptions {
  readonly entry: string
  readonly port: number
  readonly env?: Readonly<Record<string, string>>
  /** Options of Node's, such as a script to load first. */
  readonly node?: readonly string[]
  /** Where a shell sends its output, such as `2>/dev/full`. */
  readonly redirect?: string
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A machine that is busy loads the program slowly; what is measured begins later. */
const startMilliseconds = 60_000

/** A server in a process of its own, from its first moment on. */
export class ServerChild {
  readonly origin: string
  readonly #child: ChildProcess
  readonly #output = { stdout: '', stderr: '' }
  readonly #ended: Promise<Ended>
  readonly #startedAt = performance.now()

  constructor({ entry, port, env, node = [], redirect }: ServerChildOptions) {
    this.origin = `http://127.0.0.1:${port}`
    const argv = [...node, '--enable-source-maps', entry]
    const [command, options] =
      redirect === undefined
        ? [process.execPath, argv]
        : (['sh', ['-c', `exec "$0" "$@" ${redirect}`, process.execPath, ...argv]] as const)
    this.#child = spawn(command, options, {
      env: { ...cleanEnvironment(), PORT: String(port), AUTHSEC_LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const name of ['stdout', 'stderr'] as const) {
      this.#child[name]?.setEncoding('utf8').on('data', (text: string) => (this.#output[name] += text))
    }
    this.#ended = once(this.#child, 'close').then(() => this.#how)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stdout(): string {
    return this.#output.stdout
  }

  get stderr(): string {
    return this.#output.stderr
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** How it ended, once it does. */
  get ended(): Promise<Ended> {
    return this.#ended
  }

  /** Resolves with the milliseconds since the start when it says that it is ready. */
  async ready(milliseconds = startMilliseconds): Promise<number> {
    await until(() => {
      if (!this.running) throw new TypeError(`the server ended: ${this.stderr}`)
      return this.stdout.includes('AuthSec OAuth: ')
    }, milliseconds)
    return performance.now() - this.#startedAt
  }

  /** Resolves when it is bound to its port. */
  async listening(): Promise<void> {
    await until(async () => {
      await pause(20)
      return (await this.status('/healthz')) === 200
    }, startMilliseconds)
  }

  /** Resolves when these words are on its standard error. */
  async says(words: string): Promise<void> {
    await until(() => this.stderr.includes(words), startMilliseconds)
  }

  /** Nobody reads any more what it says. */
  deafen(): void {
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The status of one of its health paths; 0 where nobody answers. */
  async status(path: '/healthz' | '/readyz'): Promise<number> {
    try {
      const answer = await fetch(this.origin + path)
      await answer.arrayBuffer()
      return answer.status
    } catch {
      return 0
    }
  }

  /** Ends it, however it goes about it. */
  async kill(): Promise<void> {
    if (this.running) this.#child.kill('SIGKILL')
    await this.#ended
  }

  get #how(): Ended {
    return { code: this.#child.exitCode, signal: this.#child.signalCode }
  }
}
