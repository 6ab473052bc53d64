import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf, type ClientOrigin } from '../../../core/audit/request-origin.js'
import type { Caller } from '../../../core/identity/caller.js'
import type { TransportSession } from '../../../core/identity/session-store.js'
import type { RequestId } from './json-rpc.js'
import { errorText, requestIdOf, serverError } from './json-rpc.js'
import type { McpEndpoint } from './mcp-endpoint.js'
import { outageFault, retryAfter } from './outage.js'
import type { Reply } from './reply.js'
import { isSignOut } from './sign-out-request.js'

/** Why an exchange ends before its answer. */
export type StopReason = 'cancelled' | 'expired' | 'gone' | 'revoked' | 'session-ended' | 'shutting-down'

const explanations = {
  expired: 'The access token expired during the request',
  revoked: 'The access token is no longer valid',
  'session-ended': 'The session has ended',
} as const
const signedOut = 'The sign-in has ended'

export interface ExchangeFields {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly reply: Reply
  readonly endpoint: McpEndpoint
  /** Where the endpoint is described (RFC 9728). */
  readonly resourceMetadata: string
  /** `undefined` where nobody is signed in. */
  readonly caller: Caller | undefined
  /** The session that the request names, verified. */
  readonly session: TransportSession | undefined
  /** The body of a POST, parsed; `undefined` otherwise. */
  readonly message: unknown
}

/** One verified request while it is answered, with everything that may end it early. */
export class Exchange {
  /** Of the call that it asks for, on record and in answers. */
  readonly ref = randomUUID()
  readonly request: IncomingMessage
  /** Where the request comes from. */
  readonly origin: ClientOrigin
  readonly reply: Reply
  readonly endpoint: McpEndpoint
  readonly resourceMetadata: string
  readonly caller: Caller | undefined
  readonly session: TransportSession | undefined
  readonly message: unknown
  /** The id that the answer bears; `undefined` for streams and notifications. */
  readonly id: RequestId | undefined
  /** By `performance.now()`. */
  readonly startedAt = performance.now()
  readonly #response: ServerResponse
  #abort: AbortController | undefined
  #stopped = false
  #left = false
  #onStop: (() => void) | undefined

  constructor(fields: ExchangeFields) {
    this.request = fields.request
    this.origin = originOf(fields.request)
    this.reply = fields.reply
    this.endpoint = fields.endpoint
    this.resourceMetadata = fields.resourceMetadata
    this.caller = fields.caller
    this.session = fields.session
    this.message = fields.message
    this.id = requestIdOf(fields.message)
    this.#response = fields.response
  }

  /** Aborted when the work behind this exchange should end. */
  get signal(): AbortSignal {
    return this.#controller().signal
  }

  /**
   * The caller whose leaving ends this exchange. A stream of a session belongs to the session, whoever is signed in to it, and
   * signing out is not stopped by its own effect.
   */
  get bound(): Caller | undefined {
    if (this.caller?.credential.kind !== 'sign-in') return this.caller
    return this.id === undefined || isSignOut(this.request.method, this.message) ? undefined : this.caller
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Runs `listener` when the client goes away; answers with the way to take it off. */
  onGone(listener: () => void): () => void {
    this.#response.once('close', listener)
    return () => this.#response.off('close', listener)
  }

  /** Runs `listener` when the answer is no longer wanted; a later listener takes the place of an earlier one. */
  onStop(listener: () => void): void {
    if (this.#stopped || this.#left) listener()
    else this.#onStop = listener
  }

  /** Aborts the work; what was to be said is still said. */
  abort(): void {
    this.#controller().abort()
  }

  /** Gives up the answer, because nobody can receive it, and lets the work go on. */
  leave(): void {
    this.#left = true
    this.#onStop?.()
  }

  /** Ends the exchange now. The client is told why unless it went away, cancelled, or waits for no answer. */
  stop(reason: StopReason): void {
    if (this.#stopped || (this.id === undefined && !this.reply.streaming)) return
    this.#stopped = true
    this.abort()
    this.#close(reason)
    this.#onStop?.()
  }

  #close(reason: StopReason): void {
    if (this.reply.done || reason === 'gone') return
    if (this.id === undefined || reason === 'cancelled') this.reply.end()
    else if (reason === 'shutting-down') {
      const fault = outageFault('SHUTTING_DOWN', this.ref)
      this.reply.finish(errorText(this.id, fault), 503, retryAfter)
    } else {
      const signIn = this.caller?.credential.kind === 'sign-in' && reason !== 'session-ended'
      const message = signIn ? signedOut : explanations[reason]
      this.reply.finish(errorText(this.id, { code: serverError, message }))
    }
  }

  #controller(): AbortController {
    this.#abort ??= new AbortController()
    return this.#abort
  }
}
