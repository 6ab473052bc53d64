import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ready } from '../ready.mjs'

/** The built quickstart in a process of its own, which tells how late its event loop is. */
export class BenchServer {
  #child
  #home

  static async start() {
    const server = new BenchServer()
    server.#home = await mkdtemp(join(tmpdir(), 'authsec-bench-'))
    server.#child = spawn(process.execPath, ['samples/quickstart/dist/main.js'], {
      env: {
        ...process.env,
        PORT: '0',
        AUTHSEC_HOME: server.#home,
        AUTHSEC_LOG_LEVEL: 'error',
        NODE_OPTIONS: `--import=${join(process.cwd(), 'test/support/loop-delay.mjs')}`,
        DELAY_FILE: join(server.#home, 'delay.json'),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    server.origin = new URL(await ready(server.#child)).origin
    return server
  }

  /** A user who can sign in. */
  async account() {
    const [account] = JSON.parse(await readFile(join(this.#home, 'accounts.json'), 'utf8'))
    return account
  }

  /** How late the event loop was since the last time this was asked, in milliseconds. */
  async loopDelay() {
    const file = join(this.#home, 'delay.json')
    await rm(file, { force: true })
    this.#child.kill('SIGUSR2')
    for (let tries = 0; tries < 100; tries += 1) {
      const text = await readFile(file, 'utf8').catch(() => '')
      if (text !== '') return JSON.parse(text)
      await pause(20)
    }
    throw new TypeError('the server does not tell its delay')
  }

  /** `VmRSS` or `VmHWM`. */
  async megabytes(name) {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8')
    return Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024)
  }

  async stop() {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
    await rm(this.#home, { recursive: true, force: true, maxRetries: 20 })
  }
}
