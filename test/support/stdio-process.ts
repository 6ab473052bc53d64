import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { BrowserJar } from './browser-jar.js'
import { call, callTool, initialize, type Message } from './mcp-harness.js'
import { cleanEnvironment, type Finished } from './server-process.js'
import { until } from './until.js'

export interface StdioProcessOptions {
  readonly home?: string
  /** Default: the quickstart. */
  readonly entry?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

export interface PasswordAccount {
  readonly email: string
  readonly password: string
  readonly tenant: string
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const quickstart = resolve('samples/quickstart/dist/stdio.js')
const patience = 60_000

/** A built server on stdio in a process of its own, and the client's end of it, which sees every byte. */
export class StdioProcess {
  static readonly #running = new Set<StdioProcess>()
  readonly child: ChildProcessWithoutNullStreams
  /** Every whole line of standard output. */
  readonly lines: string[] = []
  /** The messages among them. */
  readonly messages: Message[] = []
  readonly #ended: Promise<Ended>
  readonly #awaited = new Map<unknown, (answer: Message) => void>()
  #rest = ''
  #stderr = ''
  #asked = 0

  constructor({ home, entry = quickstart, env = {}, cwd = '/' }: StdioProcessOptions) {
    const given = { ...cleanEnvironment(), AUTHSEC_LOG_LEVEL: 'warn', AUTHSEC_OPEN_BROWSER: '0', ...env }
    const homes = home === undefined ? {} : { AUTHSEC_HOME: home }
    this.child = spawn(process.execPath, [entry], { cwd, env: { ...given, ...homes }, stdio: 'pipe' })
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.child.stdin.on('error', () => undefined)
    StdioProcess.#running.add(this)
    this.#ended = once(this.child, 'close').then(() => {
      StdioProcess.#running.delete(this)
      const { exitCode: code, signalCode: signal } = this.child
      return { code, signal }
    })
  }

  /** Starts one and waits until it is ready and initialized. */
  static async start(options: StdioProcessOptions): Promise<StdioProcess> {
    const started = new StdioProcess(options)
    await started.ready()
    await started.ask(initialize())
    started.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return started
  }

  /** Kills what a failing test has left running. */
  static async killAll(): Promise<void> {
    await Promise.all([...StdioProcess.#running].map((left) => left.end('SIGKILL')))
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get stderr(): string {
    return this.#stderr
  }

  /** What came out and is no line of JSON-RPC. */
  get strayOutput(): readonly string[] {
    const all = [...this.lines, ...(this.#rest === '' ? [] : [this.#rest])]
    return all.filter((line) => parse(line) === undefined)
  }

  /** Where the sign-in pages are. */
  get pagesUrl(): string {
    return /^AuthSec sign-in pages: (\S+)$/m.exec(this.#stderr)?.[1] ?? ''
  }

  async ready(): Promise<void> {
    await until(() => this.#stderr.includes('AuthSec ready: stdio\n') || this.child.exitCode !== null, patience)
    if (this.child.exitCode !== null) throw new Error(`the server exited with ${this.child.exitCode}: ${this.#stderr}`)
  }

  send(message: object | string): void {
    this.child.stdin.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`)
  }

  /** The answer to a request; rejects when the server ends without one. */
  async ask(message: object): Promise<Message> {
    const answer = new Promise<Message>((resolve) => {
      this.#awaited.set(Reflect.get(message, 'id'), resolve)
    })
    this.send(message)
    return Promise.race([answer, this.#ended.then(() => Promise.reject(new Error(`it ended: ${this.#stderr}`)))])
  }

  async list(): Promise<readonly string[]> {
    const { result } = await this.ask(call('tools/list', undefined, this.#next('list')))
    const tools: unknown = result?.['tools']
    return Array.isArray(tools) ? tools.map(({ name }: { readonly name: string }) => name) : []
  }

  /** The first text of what a tool answers, or the message of the error. */
  async call(name: string, args: object = {}): Promise<string> {
    const { result, error } = await this.ask(callTool(name, args, this.#next(name)))
    const content: unknown = result?.['content']
    const [part]: readonly unknown[] = Array.isArray(content) ? content : []
    return typeof part === 'object' && part !== null ? String(Reflect.get(part, 'text')) : String(error?.message)
  }

  /** The structured content of what a tool answers. */
  async facts(name: string, args: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const { result, error } = await this.ask(callTool(name, args, this.#next(name)))
    return { ...(result?.['structuredContent'] ?? error) }
  }

  /** Signs in with the code that a browser shows. */
  async signIn(account: PasswordAccount): Promise<Readonly<Record<string, unknown>>> {
    const started = await this.facts('oauth_start')
    const jar = new BrowserJar()
    const issuerPage = await jar.press(await jar.open(String(started['authorization_url'])), 'confirm')
    const codePage = await jar.press(issuerPage, 'sign-in', { fields: { ...account } })
    const code = /class="one-time-code">([^<]+)</.exec(codePage.html)?.[1]
    return this.facts('oauth_authenticate', { code })
  }

  /** Closes its input and waits for its end. */
  async close(): Promise<Ended> {
    this.child.stdin.end()
    return this.#ended
  }

  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal)
    return this.#ended
  }

  async finished(): Promise<Finished> {
    const { code } = await this.#ended
    return { code, stdout: [...this.lines, this.#rest].join('\n'), stderr: this.#stderr }
  }

  #next(name: string): string {
    this.#asked += 1
    return `${name} ${this.#asked}`
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split('\n')
    this.#rest = parts.pop() ?? ''
    this.lines.push(...parts)
    for (const message of parts.map(parse)) {
      if (message === undefined) continue
      this.messages.push(message)
      if (message.method === undefined) this.#awaited.get(message.id)?.(message)
    }
  }
}

/** The message that a line is. */
function parse(line: string): Message | undefined {
  try {
    const message: unknown = JSON.parse(line)
    const isMessage = typeof message === 'object' && message !== null && Reflect.get(message, 'jsonrpc') === '2.0'
    return isMessage ? message : undefined
  } catch {
    return undefined
  }
}
