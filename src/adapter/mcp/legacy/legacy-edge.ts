import { randomBytes, randomUUID } from 'node:crypto'
import { actorOf, requestFacts } from '../../../core/audit/actor-of.js'
import type { AuditLog } from '../../../core/audit/audit-log.js'
import { principalDigest } from '../../../core/identity/caller.js'
import {
  openerOf,
  type SessionOpener,
  type SessionStore,
  type TransportSession,
} from '../../../core/identity/session-store.js'
import type { Visitor } from '../../../core/operation/access.js'
import type { Authenticator } from '../../../core/operation/authenticator.js'
import type { Guard } from '../../../core/operation/guard.js'
import type { GrantStore } from '../../../core/permission/grant-store.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import type { RateLimiter } from '../../../core/runtime/rate-limiter.js'
import type { SessionFeed, SessionNotice } from '../../../core/runtime/session-feed.js'
import type { SignInReference, SignInStore } from '../../../core/sign-in/sign-in-store.js'
import { refusal } from '../http/answer.js'
import type { Exchange } from '../http/exchange.js'
import { invalidRequest, isObject } from '../http/json-rpc.js'
import { faultOf } from '../http/outage.js'
import { describeSelf, type SelfDescription } from '../http/self-description.js'
import { digestOf } from '../http/session-gate.js'
import { AnonymousLimits } from './anonymous-limits.js'
import { ChangeWatch } from './change-watch.js'
import type { Say } from './client-session.js'
import { createDispatch } from './create-dispatch.js'
import { HotPath, type FastPath } from './hot-path.js'
import { HttpLoginSession } from './http-login-session.js'
import { LegacyRequest } from './legacy-request.js'
import { recognizeAnswer, recognizeCancelled } from './recognize.js'
import { restorePair } from './restore-pair.js'
import { forward, type Opening } from './sdk-bridge.js'
import { openSdkPair, type SdkPair, type SdkPairOptions, type ServerInfo } from './sdk-pair.js'
import { SessionRelay } from './session-relay.js'
import { SessionTable } from './session-table.js'
import { Session } from './session.js'
import { progressTokenOf } from './tool-request.js'
import { Tools } from './tools.js'

const duplicateId = refusal(400, {
  code: invalidRequest,
  message: 'Invalid Request: a request with this id is running',
})

/** `off` lets the SDK answer everything; a function may replace the hot path. */
export type HotPathSwitch = 'on' | 'off' | ((hotPath: FastPath) => FastPath)

export interface LegacyEdgeOptions {
  readonly guard: Guard
  readonly serverInfo: ServerInfo
  readonly authenticator: Pick<Authenticator, 'recognize' | 'renew'>
  /** `undefined` answers each request by itself. */
  readonly sessions: SessionStore | undefined
  readonly signIns: Pick<SignInStore, 'end'>
  readonly changes: Pick<ChangeFeed, 'subscribe'>
  readonly notices: Pick<SessionFeed, 'alive' | 'publish'>
  readonly grants: Pick<GrantStore, 'policyVersion'>
  readonly limiter: RateLimiter
  readonly audit: Pick<AuditLog, 'count'>
  readonly application: string
  readonly hotPath: HotPathSwitch
  readonly log: Log
  readonly clock: Clock
}

/** Serves the protocol up to 2025-11-25 to verified exchanges, on the SDK and on the hot path beside it. */
export class LegacyEdge {
  readonly #options: LegacyEdgeOptions
  readonly #hotPath: FastPath | undefined
  readonly #pairs: SdkPairOptions
  readonly #table: SessionTable
  readonly #limits: AnonymousLimits
  readonly #relay: SessionRelay
  readonly #watch: ChangeWatch

  constructor(options: LegacyEdgeOptions) {
    const { clock, guard, hotPath, log, serverInfo } = options
    const tools = new Tools(guard)
    const own = new HotPath({ tools, log })
    this.#options = options
    this.#hotPath = hotPath === 'off' ? undefined : hotPath === 'on' ? own : hotPath(own)
    this.#pairs = { serverInfo, dispatch: createDispatch({ tools, log }), log }
    this.#limits = new AnonymousLimits(options.limiter)
    this.#table = new SessionTable(clock)
    this.#relay = new SessionRelay(this.#table, options.notices)
    this.#watch = new ChangeWatch({
      ...options,
      table: this.#table,
      announce: (session, policyVersion) => this.#announceTo(session, policyVersion),
      announceSignIn: (session) => this.#announceSignIn(session, session.signIn, undefined),
    })
  }

  get sessionCount(): number {
    return this.#table.size
  }

  /** The HTTP methods of an endpoint. */
  get methods(): readonly string[] {
    return this.#options.sessions === undefined ? ['POST'] : ['GET', 'POST', 'DELETE']
  }

  /** Answers the exchange; resolves when its work is done. */
  async handle(exchange: Exchange): Promise<void> {
    const { sessions } = this.#options
    if (sessions === undefined) await this.#answerAlone(exchange)
    else if (exchange.session !== undefined) await this.#answerInSession(exchange, exchange.session, sessions)
    else await this.#openSession(exchange, sessions)
  }

  /** Stops what runs here in a session that does not stand any more. */
  async forget(digest: string): Promise<void> {
    await this.#table.end(digest)
  }

  /** What another process says of a session that may be in use here, too. */
  hear(notice: SessionNotice): void {
    this.#relay.hear(notice)
    this.#watch.hear(notice)
  }

  async close(): Promise<void> {
    this.#watch.close()
    await this.#table.close()
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

  /** What needs a session and names none: the SDK says what is wrong with it. */
  async #refuseAlone(exchange: Exchange): Promise<void> {
    const pair = await openSdkPair(this.#pairs, { sessionIdGenerator: randomUUID })
    await forward({ request: new LegacyRequest({ exchange }), pair, sessionDigest: undefined, sessionId: undefined })
    await pair.server.close()
  }

  async #openSession(exchange: Exchange, sessions: SessionStore): Promise<void> {
    const said = describeSelf(exchange.message)
    if (said === undefined) return this.#refuseAlone(exchange)
    if (!(await this.#limits.mayOpen(exchange))) return
    const id = randomBytes(32).toString('base64url')
    const opening: Opening = { opened: false, evicted: 0, fault: undefined }
    const record = this.#recordOf(exchange, digestOf(id), said)
    const pair = await this.#openPair(record, sessions, { opening, opener: openerOf(exchange.caller) })
    const request = new LegacyRequest({ exchange })
    await forward({ request, pair, opening, sessionDigest: undefined, sessionId: id })
    if (!opening.opened) await pair.server.close()
    for (let count = 0; count < opening.evicted; count += 1) this.#recordEviction(exchange)
  }

  /** Whoever opens one session too many ends another one of their own. */
  #recordEviction({ caller, endpoint, origin }: Exchange): void {
    const { application, audit } = this.#options
    audit.count({
      ...{ ...actorOf(caller), type: 'session.ended', reason: 'evicted', requestId: randomUUID() },
      ...{ detail: { kind: 'transport', application, endpoint: endpoint.path } },
      ...requestFacts(caller, origin),
    })
  }

  /** Not with the request at hand: what the session's callbacks see lives as long as the session. */
  async #openPair(
    record: TransportSession,
    sessions: SessionStore,
    { opening, opener }: { readonly opening: Opening; readonly opener: SessionOpener | undefined },
  ): Promise<SdkPair> {
    const pair = await openSdkPair(this.#pairs, {
      sessionIdGenerator: () => record.digest,
      onsessioninitialized: async () => {
        try {
          const ended = await sessions.open(record, opener)
          this.#table.add(new Session(record, { pair, sessions }, this.#options.clock.now()))
          opening.opened = true
          opening.evicted = ended.length
          await Promise.all(ended.map((digest) => this.#table.end(digest)))
        } catch (error) {
          opening.fault = faultOf(error, this.#options.log)
        }
      },
      onsessionclosed: () => this.#closeSession(record.digest, sessions),
    })
    return pair
  }

  async #answerInSession(exchange: Exchange, record: TransportSession, sessions: SessionStore): Promise<void> {
    const session = await this.#table.get(record.digest, () => this.#restore(record, sessions))
    session.record = record
    const sessionId = String(exchange.request.headers['mcp-session-id'])
    const request: LegacyRequest = new LegacyRequest({
      ...{ exchange, session, sessionId },
      login: this.#loginOf(exchange, session, sessions, (signIn) =>
        this.#announceSignIn(session, signIn, request.ended ? undefined : request.say),
      ),
    })
    if (exchange.id === undefined) return this.#pass(request, session)
    if (session.running(exchange.id) !== undefined) return exchange.reply.send(duplicateId)
    if (!(await this.#limits.mayCall(request, exchange.id))) return
    session.begin(exchange.id, exchange)
    try {
      if (!isListRequest(exchange)) await this.#announceChange(session, request.visitor)
      if (await this.#hotPath?.answer(request)) return
      await this.#forward(request, session)
    } finally {
      session.finish(exchange.id, exchange)
    }
  }

  async #restore(record: TransportSession, sessions: SessionStore): Promise<Session> {
    const pair = await restorePair(this.#pairs, record, () => this.#closeSession(record.digest, sessions))
    const session = new Session(record, { pair, sessions }, this.#options.clock.now())
    session.listedElsewhere()
    return session
  }

  /** The session for the tools that sign it in: only one that was opened without a bearer, which is only where that is allowed. */
  #loginOf(
    exchange: Exchange,
    { record }: Session,
    sessions: SessionStore,
    onBound: (signIn: SignInReference | undefined) => Promise<void>,
  ): HttpLoginSession | undefined {
    if (record.principal !== undefined || exchange.endpoint.login !== 'tools') return undefined
    const { caller, origin } = exchange
    return new HttpLoginSession({ caller, origin, session: record, sessions, onBound })
  }

  /** Notifications, answers to our own requests, streams and DELETE. */
  async #pass(request: LegacyRequest, session: Session): Promise<void> {
    const { exchange } = request
    const cancelled = recognizeCancelled(exchange.message)
    const answer = recognizeAnswer(exchange.request.headers, exchange.message)
    if (cancelled !== undefined) await this.#relay.cancel(session, cancelled)
    if (answer === undefined) await this.#forward(request, session)
    else await this.#relay.answer(exchange, session, answer)
  }

  async #forward(request: LegacyRequest, session: Session): Promise<void> {
    const { exchange, sessionId, visitor } = request
    // The work goes on when a client of a session is cut off; only its way back is gone.
    const stay = exchange.onGone(() => exchange.leave())
    const onStream = (): void => {
      session.stream = exchange
      void this.#announceChange(session, visitor)
    }
    try {
      await forward({ request, pair: session.pair, sessionDigest: session.record.digest, sessionId, onStream })
    } finally {
      stay()
      if (session.stream === exchange) session.stream = undefined
    }
  }

  async #announceChange(session: Session, visitor: Visitor): Promise<void> {
    try {
      await session.announceChange(this.#options.guard, visitor)
    } catch (error) {
      this.#options.log.write('warn', 'a changed tool list could not be announced', { error })
    }
  }

  /** On the open stream, or else by `say`. */
  async #announceSignIn(session: Session, signIn: SignInReference | undefined, say: Say | undefined): Promise<void> {
    session.record = { ...session.record, signIn }
    try {
      const visitor = await this.#visitorOf(session, signIn)
      await session.announceSignIn(this.#options.guard, visitor, say)
    } catch (error) {
      this.#options.log.write('warn', 'a changed tool list could not be announced', { error })
    }
  }

  /** To the client of an open stream, by what holds now. A bearer that fell is dealt with by whoever ends its stream. */
  async #announceTo(session: Session, policyVersion: string | undefined): Promise<void> {
    const { authenticator, guard } = this.#options
    if (session.record.principal === undefined) {
      return session.announceChange(guard, await this.#visitorOf(session, session.signIn), policyVersion)
    }
    const bearer = session.stream?.caller
    const caller = bearer === undefined ? undefined : await authenticator.renew(bearer)
    if (caller !== undefined) await session.announceChange(guard, { caller }, policyVersion)
  }

  async #visitorOf({ record }: Session, signIn: SignInReference | undefined): Promise<Visitor> {
    const { authenticator, sessions } = this.#options
    const caller = signIn === undefined ? undefined : await authenticator.recognize(signIn, 'unused')
    if (record.principal !== undefined || sessions === undefined) return { caller }
    const onBound = (): Promise<void> => Promise.resolve()
    return { caller, login: new HttpLoginSession({ caller, origin: undefined, session: record, sessions, onBound }) }
  }

  /** The client took its leave: nothing of the session is left, its sign-in included. */
  async #closeSession(digest: string, sessions: SessionStore): Promise<void> {
    try {
      const record = await sessions.find(digest)
      if (record?.signIn !== undefined) await this.#options.signIns.end(record.signIn, 'terminated')
      await sessions.end(digest)
    } finally {
      // The SDK closes its objects whatever happened here; a session that could not be ended needs new ones.
      await this.#table.end(digest)
    }
  }

  #recordOf({ caller, endpoint }: Exchange, digest: string, said: SelfDescription): TransportSession {
    const principal = caller === undefined ? undefined : principalDigest(caller)
    const { application } = this.#options
    return { ...said, digest, application, endpoint: endpoint.path, principal, signIn: undefined, logLevel: undefined }
  }
}

function isListRequest({ message }: Exchange): boolean {
  return isObject(message) && message['method'] === 'tools/list'
}

function paramsOf({ message }: Exchange): unknown {
  return isObject(message) ? message['params'] : undefined
}
