import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'

/** The compiled supervisor, as a program that uses the package has it. `npm test` builds it first. */
export const builtSupervisor = resolve('dist/adapter/postgres/embedded/embedded-postgres.js')

// Attaches, reports in one line of JSON, then does as its last argument says until a line on standard input tells it to close.
const program = `
import { createRequire } from 'node:module'
const [, supervisor, home, task] = process.argv
const report = (fields) => process.stdout.write(JSON.stringify(fields) + '\\n')
const { attachEmbeddedPostgres } = await import(supervisor)
const startedAt = performance.now()
const log = { write: (...entry) => process.stderr.write(JSON.stringify(entry) + '\\n') }
try {
  const database = await attachEmbeddedPostgres({ home, log })
  if (task === 'hold') process.stdin.once('data', async () => { await database.close(); process.stdin.destroy() })
  if (task === 'drain') process.once('SIGINT', () => setTimeout(() => drain(database), 700))
  if (task === 'drain') process.stdin.resume()
  report({ connection: database.connection, ms: performance.now() - startedAt })
  if (task === 'insert') await insertForEver(database.connection)
} catch (error) {
  report({ error: { code: error.code, message: error.message } })
}
async function connect(connection) {
  const pg = createRequire(supervisor)('pg')
  const client = new pg.Client({ ...connection, database: 'postgres', ssl: false, options: '-c search_path=public' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
async function insertForEver(connection) {
  const client = await connect(connection)
  await client.query('create table if not exists acknowledged (n int)')
  for (let n = 1; ; n += 1) {
    await client.query('insert into acknowledged values ($1)', [n])
    report({ n })
  }
}
async function drain(database) {
  const client = await connect(database.connection)
  report({ answer: (await client.query('select 1 as one')).rows[0].one })
  await client.end()
  await database.close()
  process.stdin.destroy()
}
`

export interface HolderOptions {
  readonly home: string
  readonly supervisor?: string
  /** `hold` until told to close (default), `leave` at once, `insert` rows for ever, `drain` on SIGINT. */
  readonly task?: 'drain' | 'hold' | 'insert' | 'leave'
  readonly account?: { readonly uid: number; readonly gid: number }
  readonly environment?: Readonly<Record<string, string>>
  /** Starts a process group of its own, to be signalled as a terminal does. */
  readonly group?: boolean
}

/** One line that a holder printed. */
interface HolderReport {
  readonly connection?: ConnectionSettings
  readonly ms?: number
  readonly error?: { readonly code?: string; readonly message: string }
  readonly n?: number
  readonly answer?: number
}

/** Another process that attaches to the embedded database. */
export class Holder {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #reports: HolderReport[] = []
  readonly #stdout: string[] = []
  #stderr = ''

  private constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#stdout.push(line)
      this.#reports.push(JSON.parse(line))
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString('utf8')
    })
  }

  /** Starts the process; resolves when it has reported once or has ended. */
  static async start(options: HolderOptions): Promise<Holder> {
    const { home, supervisor = builtSupervisor, task = 'hold', account, environment, group = false } = options
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, supervisor, home, task], {
      ...account,
      cwd: '/',
      detached: group,
      env: environment ?? { PATH: process.env['PATH'] ?? '', TMPDIR: process.env['TMPDIR'] ?? '/tmp' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const holder = new Holder(child)
    const ended = once(child, 'close')
    await Promise.race([once(child.stdout, 'data'), ended])
    await new Promise(setImmediate)
    return holder
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Every line on standard output, parsed. */
  get reports(): readonly HolderReport[] {
    return this.#reports
  }

  get stderr(): string {
    return this.#stderr
  }

  get first(): HolderReport {
    return this.#reports[0] ?? { error: { message: `no report: ${this.#stderr}` } }
  }

  get connection(): ConnectionSettings {
    const { connection, error } = this.first
    if (connection === undefined) throw new Error(error?.message ?? this.#stderr)
    return connection
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async close(): Promise<void> {
    if (!this.hasEnded) this.#child.stdin.write('close\n')
    await this.ended()
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.hasEnded) this.#child.kill(signal)
    await this.ended()
  }

  async ended(): Promise<number | undefined> {
    if (!this.hasEnded) await once(this.#child, 'close')
    return this.#child.exitCode ?? undefined
  }
}
