import { randomBytes, randomUUID } from 'node:crypto'
import { LATEST_PROTOCOL_VERSION, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import type { AuditLog } from '../../../core/audit/audit-log.js'
import { principalOf } from '../../../core/identity/caller.js'
import type { Guard } from '../../../core/operation/guard.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import { refusal } from '../http/answer.js'
import type { Exchange } from '../http/exchange.js'
import { invalidRequest, isObject, sessionNotFound } from '../http/json-rpc.js'
import { createDispatch } from './create-dispatch.js'
import { HotPath, type FastPath } from './hot-path.js'
import { LegacyRequest } from './legacy-request.js'
import { recognizeCancelled } from './recognize.js'
import { forward } from './sdk-bridge.js'
import { openSdkPair, type SdkPairOptions, type ServerInfo } from './sdk-pair.js'
import { digestOf, SessionTable } from './session-table.js'
import { Session } from './session.js'
import { ToolListing } from './tool-listing.js'
import { progressTokenOf } from './tool-request.js'
import { Tools } from './tools.js'

const unknownSession = refusal(404, { code: sessionNotFound, message: 'Session not found' })
const duplicateId = refusal(400, {
  code: invalidRequest,
  message: 'Invalid Request: a request with this id is running',
})

/** `off` lets the SDK answer everything; a function may replace the hot path. */
export type HotPathSwitch = 'on' | 'off' | ((hotPath: FastPath) => FastPath)

export interface LegacyEdgeOptions {
  readonly guard: Guard
  readonly serverInfo: ServerInfo
  readonly sessions: 'stateful' | 'stateless'
  readonly hotPath: HotPathSwitch
  readonly audit: AuditLog
  readonly log: Log
  readonly clock: Clock
}

/** Serves the protocol up to 2025-11-25 to verified exchanges, on the SDK and on the hot path beside it. */
export class LegacyEdge {
  readonly #guard: Guard
  readonly #stateful: boolean
  readonly #hotPath: FastPath | undefined
  readonly #pairs: SdkPairOptions
  readonly #sessions: SessionTable
  readonly #audit: AuditLog
  readonly #log: Log
  readonly #clock: Clock

  constructor({ guard, serverInfo, sessions, hotPath, audit, log, clock }: LegacyEdgeOptions) {
    const tools = new Tools(guard)
    const listing = new ToolListing()
    const own = new HotPath({ tools, listing, log })
    this.#guard = guard
    this.#stateful = sessions === 'stateful'
    this.#hotPath = hotPath === 'off' ? undefined : hotPath === 'on' ? own : hotPath(own)
    this.#pairs = { serverInfo, dispatch: createDispatch({ tools, listing, log }), log }
    this.#sessions = new SessionTable(clock)
    this.#audit = audit
    this.#log = log
    this.#clock = clock
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  /** The HTTP methods of an endpoint. */
  get methods(): readonly string[] {
    return this.#stateful ? ['GET', 'POST', 'DELETE'] : ['POST']
  }

  /** Answers the exchange; resolves when its work is done. */
  async handle(exchange: Exchange): Promise<void> {
    const id = exchange.request.headers['mcp-session-id']
    if (!this.#stateful) await this.#answerAlone(exchange)
    else if (typeof id === 'string') await this.#answerInSession(exchange, id)
    else await this.#openSession(exchange)
  }

  async close(): Promise<void> {
    await this.#sessions.close()
  }

  async #answerAlone(exchange: Exchange): Promise<void> {
    const stay = exchange.onGone(() => exchange.stop('gone'))
    const request = new LegacyRequest({ exchange })
    try {
      if (await this.#hotPath?.answer(request)) return
      const enableJsonResponse = progressTokenOf(paramsOf(exchange)) === undefined
      const pair = await openSdkPair(this.#pairs, { enableJsonResponse })
      await forward({ request, pair, sessionDigest: undefined, sessionId: undefined })
      await pair.server.close()
    } finally {
      stay()
    }
  }

  /** Whatever is not `initialize` gets the SDK's refusal, and its pair is thrown away. */
  async #openSession(exchange: Exchange): Promise<void> {
    const id = randomBytes(32).toString('base64url')
    const digest = digestOf(id)
    // Not `exchange` itself: what the session's callbacks see lives as long as the session.
    const binding = this.#bindingOf(exchange)
    let opened = false
    const pair = await openSdkPair(this.#pairs, {
      sessionIdGenerator: () => digest,
      onsessioninitialized: async () => {
        opened = true
        await this.#sessions.add(digest, new Session({ ...binding, pair }))
      },
      onsessionclosed: () => this.#sessions.end(digest),
    })
    await forward({ request: new LegacyRequest({ exchange }), pair, sessionDigest: undefined, sessionId: id })
    if (!opened) await pair.server.close()
  }

  async #answerInSession(exchange: Exchange, sessionId: string): Promise<void> {
    const { reply } = exchange
    const session = this.#findSession(exchange, sessionId)
    if (session === undefined) return reply.send(unknownSession)
    if (exchange.id === undefined) return this.#pass(exchange, session, sessionId)
    if (session.running(exchange.id) !== undefined) return reply.send(duplicateId)
    session.begin(exchange.id, exchange)
    try {
      const request = new LegacyRequest({ exchange, session, sessionId })
      if (!isListRequest(exchange)) await this.#announceChange(exchange, session)
      if (await this.#hotPath?.answer(request)) return
      await this.#forward(request, session)
    } finally {
      session.finish(exchange.id, exchange)
    }
  }

  #findSession({ caller, endpoint, request }: Exchange, id: string): Session | undefined {
    const version = request.headers['mcp-protocol-version']
    const claim = { id, caller, endpoint: endpoint.path, version: typeof version === 'string' ? version : undefined }
    const found = this.#sessions.find(claim)
    if (found.found) return found.session
    const { tenant, issuer, clientId, user } = caller
    const actor = { tenant, issuer, clientId, subject: user.subject, requestId: randomUUID() }
    this.#audit.count({ ...actor, type: 'token.refused', reason: found.reason })
    return undefined
  }

  /** Notifications, answers to our own requests, streams and DELETE. */
  async #pass(exchange: Exchange, session: Session, sessionId: string): Promise<void> {
    const cancelled = recognizeCancelled(exchange.message)
    if (cancelled !== undefined) session.running(cancelled)?.stop('cancelled')
    await this.#forward(new LegacyRequest({ exchange, session, sessionId }), session)
  }

  async #forward(request: LegacyRequest, session: Session): Promise<void> {
    const { exchange, sessionId = '' } = request
    // The work goes on when a client of a session is cut off; only its way back is gone.
    const stay = exchange.onGone(() => exchange.leave())
    const onStream = (): void => {
      session.stream = exchange
      void this.#announceChange(exchange, session)
    }
    try {
      await forward({ request, pair: session.pair, sessionDigest: digestOf(sessionId), sessionId, onStream })
    } finally {
      stay()
      if (session.stream === exchange) session.stream = undefined
    }
  }

  async #announceChange(exchange: Exchange, session: Session): Promise<void> {
    try {
      await session.announceChange(this.#guard, exchange.caller)
    } catch (error) {
      this.#log.write('warn', 'a changed tool list could not be announced', { error })
    }
  }

  #bindingOf(exchange: Exchange): { principal: string; endpoint: string; version: string; createdAt: number } {
    const params = paramsOf(exchange)
    const asked = isObject(params) ? params['protocolVersion'] : undefined
    const version = SUPPORTED_PROTOCOL_VERSIONS.find((supported) => supported === asked) ?? LATEST_PROTOCOL_VERSION
    const { caller, endpoint } = exchange
    return { principal: principalOf(caller), endpoint: endpoint.path, version, createdAt: this.#clock.now() }
  }
}

function isListRequest({ message }: Exchange): boolean {
  return isObject(message) && message['method'] === 'tools/list'
}

function paramsOf({ message }: Exchange): unknown {
  return isObject(message) ? message['params'] : undefined
}
