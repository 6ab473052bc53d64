import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuditLog } from '../../../core/audit/audit-log.js'
import { originOf } from '../../../core/audit/request-origin.js'
import type { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Caller } from '../../../core/identity/caller.js'
import type { SessionStore, TransportSession } from '../../../core/identity/session-store.js'
import type { Authenticator } from '../../../core/operation/authenticator.js'
import type { Guard } from '../../../core/operation/guard.js'
import type { GrantStore } from '../../../core/permission/grant-store.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import type { SessionFeed } from '../../../core/runtime/session-feed.js'
import type { RateLimiter } from '../../../core/runtime/rate-limiter.js'
import { silentTracer, type Tracer } from '../../../core/runtime/tracer.js'
import type { SignInStore } from '../../../core/sign-in/sign-in-store.js'
import { LegacyEdge, type HotPathSwitch } from '../legacy/legacy-edge.js'
import type { ServerInfo } from '../legacy/sdk-pair.js'
import { methodRefusal, refusal, type Answer } from './answer.js'
import { BearerGate } from './bearer-gate.js'
import { corsHeaders, preflight } from './cors.js'
import { ExchangeTable } from './exchange-table.js'
import { Exchange } from './exchange.js'
import { HeadPolicy } from './head-policy.js'
import { sessionNotFound } from './json-rpc.js'
import type { McpEndpoint } from './mcp-endpoint.js'
import { refuseModern } from './modern-request.js'
import { faultOf, outageFault, retryAfter } from './outage.js'
import { metadataUrl, ProtectedResourceMetadata } from './protected-resource.js'
import { readMessage } from './read-message.js'
import { refuse, type Refused } from './refuse.js'
import { Reply } from './reply.js'
import { isSignOut } from './sign-out-request.js'
import { SessionGate } from './session-gate.js'
import { StandingCheck } from './standing-check.js'
import { traceMessage } from './trace-message.js'

/** Chooses how the frequent requests are served; for tests that compare both ways. */
export const hotPath: unique symbol = Symbol('hotPath')

export interface McpEdgeOptions {
  readonly guard: Guard
  readonly authenticator: Authenticator
  readonly endpoints: readonly McpEndpoint[]
  /** Issuers, byte for byte as in their metadata (RFC 9728 §2). Never throws. */
  readonly authorizationServers: () => Promise<readonly string[]>
  /** Path of the endpoint that the metadata at the root describes. */
  readonly rootEndpoint: string
  readonly serverInfo: ServerInfo
  readonly publicUrl: string
  /** Origins besides that of `publicUrl`; with a loopback `publicUrl`, every `http` origin on loopback is allowed too. */
  readonly allowedOrigins: readonly string[]
  /** `host[:port]` values besides that of `publicUrl`, byte for byte. */
  readonly allowedHosts: readonly string[]
  /** Where sessions are kept; `undefined` answers each request by itself, and then there is nothing to sign in with tools. */
  readonly sessions: SessionStore | undefined
  readonly signIns: Pick<SignInStore, 'end'>
  /** Hints that what a tenant grants has changed, and the way to tell whether it has. */
  readonly changes: Pick<ChangeFeed, 'subscribe'>
  readonly grants: Pick<GrantStore, 'policyVersion'>
  /** What other processes do to sessions that are in use here, too. */
  readonly notices: SessionFeed
  readonly limiter: RateLimiter
  /** The application (client id) that this server is. */
  readonly application: string
  /** Default: 1 MiB. */
  readonly maxBodyBytes?: number
  readonly audit: AuditLog
  readonly log: Log
  readonly clock: Clock
  readonly tracer?: Tracer
  readonly [hotPath]?: HotPathSwitch
}

export interface McpEdge {
  /** Answers the request; `false` where its path is none of ours. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
  /**
   * Ends open streams, refuses new requests with 503, and resolves when running calls are answered; those still running
   * after `drainMilliseconds` (default: 5,000) are aborted and answered with 503. Sessions go on in the store, for the next process.
   */
  close(drainMilliseconds?: number): Promise<void>
  /** How many sessions this process has in memory. */
  readonly sessionCount: number
  /** How many event streams are open that no request waits for. */
  readonly streamCount: number
}

const defaultBodyBytes = 1_048_576
const defaultDrainMilliseconds = 5_000
/** How long an admission at the door holds for a message that is still on its way. */
const admissionMilliseconds = 100

/** The HTTP side of an MCP server: who may speak, who is speaking, and what may be said, before any protocol is. */
export function createMcpEdge(options: McpEdgeOptions): McpEdge {
  const edge = new Edge(options)
  return {
    handle: (request, response) => edge.handle(request, response),
    close: (drainMilliseconds = defaultDrainMilliseconds) => edge.close(drainMilliseconds),
    get sessionCount() {
      return edge.sessionCount
    },
    get streamCount() {
      return edge.streamCount
    },
  }
}

/** Who guards one endpoint. */
interface Door {
  readonly endpoint: McpEndpoint
  readonly resourceMetadata: string
  readonly bearers: BearerGate
  readonly sessions: SessionGate | undefined
}

interface Visit extends Refused, Door {
  readonly origin: string | undefined
}

/** Who is speaking, and in which session. */
type Admission =
  | {
      readonly kind: 'admitted'
      readonly caller: Caller | undefined
      readonly session: TransportSession | undefined
      /** Why it cannot be told who is speaking. */
      readonly outage?: UpstreamError | undefined
    }
  | { readonly kind: 'refused'; readonly answer: Answer }

const unknownSession = refusal(404, { code: sessionNotFound, message: 'Session not found' })

class Edge {
  readonly #options: McpEdgeOptions
  readonly #policy: HeadPolicy
  readonly #metadata: ProtectedResourceMetadata
  readonly #doors: ReadonlyMap<string, Door>
  readonly #exchanges: ExchangeTable
  readonly #legacy: LegacyEdge
  readonly #methods: string
  readonly #unsubscribe: () => void

  constructor(options: McpEdgeOptions) {
    this.#options = options
    this.#policy = new HeadPolicy(options)
    this.#legacy = new LegacyEdge({ ...options, hotPath: options[hotPath] ?? 'on' })
    this.#metadata = new ProtectedResourceMetadata({ ...options, resourceName: options.serverInfo.name })
    this.#doors = new Map(options.endpoints.map((endpoint) => [endpoint.path, this.#doorOf(endpoint)]))
    this.#exchanges = new ExchangeTable(options.clock, new StandingCheck(options.authenticator, options.log))
    this.#methods = this.#legacy.methods.join(', ')
    this.#unsubscribe = options.notices.subscribe((notice) => {
      this.#exchanges.hear(notice)
      this.#legacy.hear(notice)
    })
  }

  get sessionCount(): number {
    return this.#legacy.sessionCount
  }

  get streamCount(): number {
    return this.#exchanges.streamCount
  }

  async close(drainMilliseconds: number): Promise<void> {
    await this.#exchanges.close(drainMilliseconds)
    this.#unsubscribe()
    await this.#legacy.close()
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const path = pathOf(request.url)
    const door = this.#doors.get(path)
    if (door === undefined) return this.#describe(path, request, response)
    const origin = request.headers.origin
    const visit = { ...door, request, response, origin, reply: new Reply(response) }
    try {
      await this.#receive(visit)
    } catch (error) {
      const fault = faultOf(error, this.#options.log)
      refuse(visit, refusal(fault.status, fault, fault.headers))
    }
    return true
  }

  /** Public documents: no token, every origin, but only under our own names. */
  async #describe(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const answer = await this.#metadata.answer(path, request.method)
    if (answer === undefined) return false
    const refused = this.#policy.checkHost(request)
    if (refused === undefined) refuse({ request, response, reply: Reply.public(response) }, answer)
    else refuse({ request, response, reply: new Reply(response) }, refused)
    return true
  }

  async #receive(visit: Visit): Promise<void> {
    const { request, reply, origin } = visit
    // Before anything is refused: the script of an allowed origin has to be able to read why.
    if (origin !== undefined && this.#policy.allowsOrigin(origin)) reply.add(...corsHeaders(origin))
    const forbidden = this.#policy.check(request, origin, visit.resourceMetadata)
    if (forbidden !== undefined) return refuse(visit, forbidden)
    if (request.method === 'OPTIONS') return refuse(visit, preflight(`${this.#methods}, OPTIONS`))
    let admission = await this.#admit(visit)
    if (admission.kind === 'refused') return refuse(visit, admission.answer)
    if (!this.#legacy.methods.includes(request.method ?? '')) return refuse(visit, methodRefusal(this.#methods))
    let message: unknown
    if (request.method === 'POST') {
      const admittedAt = performance.now()
      const inbound = await readMessage(request, this.#options.maxBodyBytes ?? defaultBodyBytes)
      if (inbound.kind === 'gone') return
      if (inbound.kind === 'refused') return refuse(visit, inbound.answer)
      message = inbound.message
      // A client decides when its last byte comes: what it was allowed to do before may have been taken away since.
      if (performance.now() - admittedAt > admissionMilliseconds) admission = await this.#admit(visit)
      if (admission.kind === 'refused') return refuse(visit, admission.answer)
    }
    const { caller, outage, session } = admission
    if (outage !== undefined && !isSignOut(request.method, message)) throw outage
    if (
      session !== undefined &&
      (await visit.sessions?.keeps({ session, caller, origin: originOf(request) }, message)) !== true
    )
      return refuse(visit, unknownSession)
    const modern = caller === undefined && session === undefined ? refuseModern(request.headers, message) : undefined
    if (modern !== undefined) return refuse(visit, modern)
    await this.#answer(new Exchange({ ...visit, caller, session, message }))
  }

  async #admit({ bearers, sessions, request }: Visit): Promise<Admission> {
    if (this.#exchanges.closing) {
      const fault = outageFault('SHUTTING_DOWN', randomUUID())
      return { kind: 'refused', answer: refusal(503, fault, [...retryAfter, 'Connection', 'close']) }
    }
    const { authorization, 'mcp-session-id': id, 'mcp-protocol-version': version } = request.headers
    const admission = await bearers.admit(authorization, originOf(request))
    if (admission.kind === 'refused') return admission
    const bearer = admission.caller
    if (typeof id !== 'string' || sessions === undefined)
      return { kind: 'admitted', caller: bearer, session: undefined }
    const entered = await sessions.enter({
      ...{ id, bearer, version: typeof version === 'string' ? version : undefined },
      origin: originOf(request),
    })
    return entered === undefined ? { kind: 'refused', answer: unknownSession } : { kind: 'admitted', ...entered }
  }

  #doorOf(endpoint: McpEndpoint): Door {
    const options = { ...this.#options, endpoint }
    const { sessions } = options
    const onGone = (digest: string): Promise<void> => this.#legacy.forget(digest)
    const gate = sessions === undefined ? undefined : new SessionGate({ ...options, sessions, onGone })
    const resourceMetadata = metadataUrl(options.publicUrl, endpoint)
    return { endpoint, resourceMetadata, bearers: new BearerGate({ ...options, resourceMetadata }), sessions: gate }
  }

  async #answer(exchange: Exchange): Promise<void> {
    this.#exchanges.add(exchange)
    try {
      const { tracer = silentTracer } = this.#options
      await traceMessage(tracer, exchange.message, () => this.#legacy.handle(exchange))
    } finally {
      this.#exchanges.delete(exchange)
    }
  }
}

/** Byte for byte: a path that needs normalizing is another path. The query is nobody's business. */
function pathOf(url: string | undefined): string {
  const query = url?.indexOf('?') ?? -1
  return query === -1 ? (url ?? '') : (url ?? '').slice(0, query)
}
