import { randomUUID } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import type { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { JSONRPCMessageSchema, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Caller } from '../../../core/identity/caller.js'
import type { Visitor } from '../../../core/operation/access.js'
import type { Authenticator } from '../../../core/operation/authenticator.js'
import type { Guard } from '../../../core/operation/guard.js'
import type { GrantStore } from '../../../core/permission/grant-store.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Log } from '../../../core/runtime/log.js'
import { errorText, invalidRequest, isObject, requestIdOf, type RequestId, type RpcFault } from '../http/json-rpc.js'
import { faultOf, outageFault } from '../http/outage.js'
import { isSignOut } from '../http/sign-out-request.js'
import { parseMessage } from '../http/parse-message.js'
import { createDispatch } from '../legacy/create-dispatch.js'
import { PolicyWatch } from '../legacy/policy-watch.js'
import { recognizeCancelled } from '../legacy/recognize.js'
import { openServer, type ServerInfo } from '../legacy/sdk-pair.js'
import { Tools } from '../legacy/tools.js'
import { readLines } from './read-lines.js'
import { StdioCall } from './stdio-call.js'
import { StdioSession, type SignInKeeper } from './stdio-session.js'
import { StdioTransport } from './stdio-transport.js'

export interface StdioEdgeOptions {
  readonly guard: Guard
  readonly authenticator: Pick<Authenticator, 'recognize'>
  readonly serverInfo: ServerInfo
  readonly keeper: SignInKeeper
  readonly changes: Pick<ChangeFeed, 'subscribe'>
  readonly grants: Pick<GrantStore, 'policyVersion'>
  readonly input: Readable
  /** The protocol's own way out; nothing else may be written there. */
  readonly output: Writable
  readonly log: Log
}

export interface StdioEdge {
  /** Resolves when the client has closed our input and what it asked before is answered, or aborted after a few seconds. */
  readonly ended: Promise<void>
  /** Takes no further request; running calls have `drainMilliseconds` to be answered. */
  close(drainMilliseconds: number): Promise<void>
}

const longestLine = 1_048_576
const mostRunning = 64
const watchMilliseconds = 2_000
/** Clients kill a server that goes on for longer than some four seconds after they closed its input. */
const drainMilliseconds = 1_500
const momentMilliseconds = 100

/** Serves the protocol up to 2025-11-25 over standard input and output (Model Context Protocol, `basic/transports`, stdio). */
export async function createStdioEdge(options: StdioEdgeOptions): Promise<StdioEdge> {
  const edge = new Edge(options)
  await edge.start()
  return { ended: edge.serve(), close: (milliseconds) => edge.close(milliseconds) }
}

class Edge {
  readonly #options: StdioEdgeOptions
  readonly #server: Server
  readonly #transport: StdioTransport
  readonly #session: StdioSession
  readonly #running = new Map<RequestId, StdioCall>()
  readonly #timer: NodeJS.Timeout
  readonly #policies: PolicyWatch
  #onIdle: (() => void) | undefined
  #closing: Promise<void> | undefined
  #looking = false
  #outage = false

  constructor(options: StdioEdgeOptions) {
    const { authenticator, guard, keeper, log, output, serverInfo } = options
    this.#options = options
    const dispatch = createDispatch({ tools: new Tools(guard), log })
    this.#server = openServer({ serverInfo, dispatch, log })
    this.#transport = new StdioTransport(output, {
      isAwaited: (id) => this.#running.get(id)?.ended === false,
      onAnswer: (id) => this.#finish(id),
    })
    this.#session = new StdioSession({
      ...{ server: this.#server, authenticator, keeper, log },
      onBound: () => this.#announceSignIn(),
    })
    this.#timer = setInterval(() => void this.#look(), watchMilliseconds).unref()
    this.#policies = new PolicyWatch({
      ...options,
      tenants: () => this.#session.tenants,
      onVersion: async (_tenant, version) => {
        if (this.#session.isBehind(version)) await this.#look(version)
      },
    })
    // A client that went away breaks the pipe; that its input has ended is heard elsewhere.
    output.on('error', (error) => log.write('debug', 'the client does not read any more', { error }))
  }

  async start(): Promise<void> {
    await this.#server.connect(this.#transport)
  }

  /** Reads to the end of the input. */
  async serve(): Promise<void> {
    try {
      for await (const line of readLines(this.#options.input, longestLine)) await this.#receive(line)
    } catch (error) {
      if (this.#closing === undefined) this.#options.log.write('warn', 'the input broke off', { error })
    }
    await this.close(drainMilliseconds)
  }

  close(milliseconds: number): Promise<void> {
    this.#closing ??= this.#close(milliseconds)
    return this.#closing
  }

  async #close(milliseconds: number): Promise<void> {
    clearInterval(this.#timer)
    this.#policies.close()
    const drained = this.#idle()
    await Promise.race([drained, timeout(milliseconds)])
    for (const call of this.#running.values()) call.abort()
    // What was aborted has a moment to say so; what does not listen is answered for.
    await Promise.race([drained, timeout(momentMilliseconds)])
    const unanswered = [...this.#running].map(([id, call]) => {
      call.end()
      return this.#refuse(id, outageFault('SHUTTING_DOWN', call.ref))
    })
    await Promise.race([Promise.all(unanswered), timeout(momentMilliseconds)])
    await this.#server.close()
    this.#options.input.destroy()
  }

  /** Waits for a refusal to be written, so that a client that does not read is not read from; never for an answer. */
  async #receive(line: Buffer | 'too long'): Promise<void> {
    if (line === 'too long') {
      const message = `Invalid Request: a message has at most ${longestLine} bytes`
      return this.#refuse(undefined, { code: invalidRequest, message })
    }
    if (isBlank(line)) return
    const parsed = parseMessage(line)
    if (!parsed.valid) return this.#refuse(undefined, parsed.fault)
    const message = JSONRPCMessageSchema.safeParse(parsed.message)
    const id = requestIdOf(parsed.message)
    if (!message.success) {
      return this.#refuse(id, { code: invalidRequest, message: 'Invalid Request: not a JSON-RPC message' })
    }
    if (id === undefined) return this.#hear(message.data)
    const refusal = this.#refusalOf(id)
    if (refusal !== undefined) return this.#refuse(id, refusal)
    // What cancels this call, or answers its questions, must not wait for it.
    void this.#answer(message.data, id)
  }

  #refusalOf(id: RequestId): RpcFault | undefined {
    if (this.#closing !== undefined) return outageFault('SHUTTING_DOWN', randomUUID())
    if (this.#running.has(id)) {
      return { code: invalidRequest, message: 'Invalid Request: a request with this id is running' }
    }
    return this.#running.size < mostRunning ? undefined : outageFault('OVERLOADED', randomUUID())
  }

  /** A notification, or the answer to a question of ours. */
  #hear(message: JSONRPCMessage): void {
    const cancelled = recognizeCancelled(message)
    if (cancelled !== undefined) {
      // The SDK knows neither of calls that have not come to it yet, nor how to cancel one with the id 0.
      this.#running.get(cancelled)?.abort()
      this.#finish(cancelled)
    }
    this.#transport.receive(message, {})
  }

  async #answer(message: JSONRPCMessage, id: RequestId): Promise<void> {
    const call = new StdioCall(this.#session)
    this.#running.set(id, call)
    try {
      if (asksWho(message)) call.visitor = await this.#visitorOf(message)
      if (call.ended || call.signal.aborted) return
      this.#transport.receive(message, { authInfo: { token: '', clientId: '', scopes: [], extra: { request: call } } })
    } catch (error) {
      if (call.ended) return
      call.end()
      await this.#refuse(id, faultOf(error, this.#options.log, call.ref))
      this.#finish(id, call)
    }
  }

  /** Signing out needs nobody to be recognized, so it goes on while that cannot be done. */
  async #visitorOf(message: JSONRPCMessage): Promise<Visitor> {
    try {
      return await this.#session.visitor('used')
    } catch (error) {
      if (error instanceof UpstreamError && isSignOut(undefined, message)) return this.#session.nobody()
      throw error
    }
  }

  #refuse(id: RequestId | undefined, fault: RpcFault): Promise<void> {
    return this.#transport.write(errorText(id, fault))
  }

  #finish(id: RequestId, call = this.#running.get(id)): void {
    call?.end()
    if (this.#running.get(id) === call) this.#running.delete(id)
    if (this.#running.size === 0) this.#onIdle?.()
  }

  #idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }

  async #announceSignIn(): Promise<void> {
    const visitor = await this.#session.visitor('unused')
    await this.#session.announceSignIn(this.#options.guard, visitor, () => Promise.resolve())
  }

  /** A sign-in may end, or lose a grant, without any request: the list changes then, and what runs in its name stops. */
  async #look(policyVersion?: string): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const visitor = await this.#session.visitor('unused')
      for (const call of this.#running.values()) if (hasLeft(call.visitor.caller, visitor.caller)) call.abort()
      await this.#session.announceChange(this.#options.guard, visitor, policyVersion)
      this.#outage = false
    } catch (error) {
      // Once for each outage: whoever is in is in until somebody can tell.
      if (!this.#outage && this.#closing === undefined)
        this.#options.log.write('warn', 'whether the sign-in stands could not be told', { error })
      this.#outage = true
    } finally {
      this.#looking = false
    }
  }
}

/** Whether the sign-in that a call began in is not the one that stands now. */
function hasLeft(before: Caller | undefined, now: Caller | undefined): boolean {
  return before !== undefined && signInOf(before) !== signInOf(now)
}

function signInOf(caller: Caller | undefined): string | undefined {
  return caller?.credential.kind === 'sign-in' ? caller.credential.signIn.key : undefined
}

/** Only what lists or calls depends on who asks. */
function asksWho(message: unknown): boolean {
  return isObject(message) && (message['method'] === 'tools/list' || message['method'] === 'tools/call')
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function timeout(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}
