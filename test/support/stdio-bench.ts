import { PassThrough } from 'node:stream'
import { createStdioEdge, type StdioEdge } from '../../src/adapter/mcp/stdio/create-stdio-edge.js'
import type { SignInKeeper } from '../../src/adapter/mcp/stdio/stdio-session.js'
import { CallCounter } from '../../src/core/operation/call-counter.js'
import { Guard } from '../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../src/core/operation/operation-catalogue.js'
import type { Operation } from '../../src/core/operation/operation.js'
import type { SignInReference } from '../../src/core/sign-in/sign-in-store.js'
import { callTool, initialize, peopleOfAcme, type Message } from './mcp-harness.js'
import { ManualClock } from './manual-clock.js'
import { Diary, sampleOperations, signInOperations } from './mcp-operations.js'
import { type PeopleOfAcme, RecordedAudit } from './mcp-ports.js'
import { MemoryRateLimiter } from './memory-ports.js'
import { MemorySignInStore } from './memory-sign-in.js'
import { until } from './until.js'
import { QuietChanges } from './quiet-changes.js'

/** What an application keeps of its sign-in; several servers may share one. */
export class MemoryKeeper implements SignInKeeper {
  kept: SignInReference | undefined
  /** What `load` waits for. */
  loading: Promise<void> = Promise.resolve()
  /** Whether nothing can be kept, as on a full disk. */
  full = false

  async load(): Promise<SignInReference | undefined> {
    await this.loading
    return this.kept
  }

  async keep(signIn: SignInReference | undefined): Promise<void> {
    await Promise.resolve()
    if (this.full) throw new TypeError('no space left on device')
    this.kept = signIn
  }
}

export interface StdioBenchOptions {
  readonly operations?: readonly Operation[]
  /** Another process of the same application. */
  readonly beside?: StdioBench
}

/** An edge on streams in memory, with alice (admin), bob (reader) and carol (nothing), and the client's end of it. */
export class StdioBench {
  readonly input = new PassThrough()
  readonly output = new PassThrough()
  readonly diary = new Diary()
  readonly audit = new RecordedAudit()
  readonly clock: ManualClock
  readonly people: PeopleOfAcme
  readonly signIns: MemorySignInStore
  readonly keeper: MemoryKeeper
  readonly limiter: MemoryRateLimiter
  readonly feed = new QuietChanges()
  readonly logged: { level: string; message: string; fields: unknown }[] = []
  /** How many look-ups of a sign-in were made since `hold`. */
  held = 0
  #most = 0
  #gate: Promise<void> = Promise.resolve()
  /** Every line that came out. */
  readonly lines: string[] = []
  #edge: StdioEdge | undefined
  #text = ''

  static async start(options: StdioBenchOptions = {}): Promise<StdioBench> {
    const bench = new StdioBench(options)
    await bench.#open(options)
    return bench
  }

  private constructor({ beside }: StdioBenchOptions) {
    this.clock = beside?.clock ?? new ManualClock()
    this.people = beside?.people ?? peopleOfAcme()
    this.signIns = beside?.signIns ?? new MemorySignInStore(this.clock, this.audit)
    this.keeper = beside?.keeper ?? new MemoryKeeper()
    this.limiter = beside?.limiter ?? new MemoryRateLimiter(this.clock)
    this.output.on('data', (chunk: Buffer) => this.#read(chunk.toString('utf8')))
  }

  get edge(): StdioEdge {
    if (this.#edge === undefined) throw new TypeError('not started')
    return this.#edge
  }

  /** Every line that came out, as JSON; throws for one that is none. */
  get messages(): readonly Message[] {
    return this.lines.map((line): Message => JSON.parse(line))
  }

  /** Writes one line: a text or bytes as they are, anything else as JSON. */
  send(message: unknown): void {
    const raw = typeof message === 'string' || message instanceof Uint8Array
    this.input.write(raw ? message : JSON.stringify(message))
    this.input.write('\n')
  }

  /** Sends a request and answers with the answer. */
  async ask(message: object): Promise<Message> {
    const before = this.lines.length
    this.send(message)
    return this.next((answer) => answer.method === undefined && answer.id === Reflect.get(message, 'id'), before)
  }

  /** The first message from line `from` on that is meant. */
  async next(isMeant: (message: Message) => boolean, from = 0): Promise<Message> {
    await until(() => this.messages.slice(from).some(isMeant))
    const found = this.messages.slice(from).find(isMeant)
    if (found === undefined) throw new TypeError('it was there a moment ago')
    return found
  }

  /** Keeps the next look-ups of sign-ins waiting; answers with what lets them go on. */
  hold(most = Number.POSITIVE_INFINITY): () => void {
    let release = (): void => undefined
    this.held = 0
    this.#most = most
    this.#gate = new Promise((resolve) => {
      release = resolve
    })
    return release
  }

  /** How often the client was told that its tools have changed. */
  get changes(): number {
    return this.messages.filter(({ method }) => method === 'notifications/tools/list_changed').length
  }

  async open(capabilities: object = {}): Promise<void> {
    await this.ask(initialize({ capabilities }))
    this.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  }

  async signIn(as: string, more: object = {}): Promise<void> {
    const { result } = await this.ask(callTool('sign_in', { as, ...more }, `sign in ${this.lines.length}`))
    if (result === undefined || result['isError'] === true) throw new TypeError(`${as} is not signed in`)
  }

  /** The names of the tools that are listed. */
  async list(): Promise<readonly string[]> {
    const id = `list ${this.lines.length}`
    const { result } = await this.ask({ jsonrpc: '2.0', id, method: 'tools/list' })
    const tools: unknown = result?.['tools']
    return Array.isArray(tools) ? tools.map(({ name }: { readonly name: string }) => name) : []
  }

  async stop(): Promise<void> {
    this.diary.release()
    await this.edge.close(0)
  }

  async #open({ operations }: StdioBenchOptions): Promise<void> {
    const log = {
      write: (level: string, message: string, fields?: unknown) => void this.logged.push({ level, message, fields }),
    }
    const catalogue = new OperationCatalogue(
      operations ?? [...sampleOperations(this.diary), ...signInOperations(this.signIns)],
    )
    const authenticator = this.people.authenticator(this.signIns)
    this.#edge = await createStdioEdge({
      guard: new Guard({
        ...{ catalogue, callers: authenticator, audit: this.audit, log },
        counter: new CallCounter({ limiter: this.limiter, application: 'bench' }),
      }),
      authenticator: {
        recognize: async (reference, used) => {
          this.held += 1
          if (this.held <= this.#most) await this.#gate
          return authenticator.recognize(reference, used)
        },
      },
      serverInfo: { name: 'Bench', version: '1.0.0' },
      ...{ changes: this.feed, grants: this.feed },
      ...{ keeper: this.keeper, input: this.input, output: this.output, log },
    })
  }

  #read(text: string): void {
    const parts = (this.#text + text).split('\n')
    this.#text = parts.pop() ?? ''
    this.lines.push(...parts)
  }
}
