import { createHash, randomUUID } from 'node:crypto'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import { actorOf, requestFacts } from '../../../core/audit/actor-of.js'
import type { AuditLog } from '../../../core/audit/audit-log.js'
import type { RequestOrigin } from '../../../core/audit/request-origin.js'
import type { AuthenticationErrorCode } from '../../../core/error/authentication-error.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import { principalDigest, type Caller } from '../../../core/identity/caller.js'
import type { SessionStore, TransportSession } from '../../../core/identity/session-store.js'
import type { Authenticator } from '../../../core/operation/authenticator.js'
import type { SignInStore } from '../../../core/sign-in/sign-in-store.js'
import type { McpEndpoint } from './mcp-endpoint.js'
import { describeSelf, type SelfDescription } from './self-description.js'

/** What a session is kept under: nobody can use it as an id. */
export function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}

export interface SessionClaim {
  readonly id: string
  /** Who brought a bearer; `undefined` where none came. */
  readonly bearer: Caller | undefined
  /** The `MCP-Protocol-Version` header. */
  readonly version: string | undefined
  readonly origin: RequestOrigin
}

export interface Entered {
  readonly session: TransportSession
  /** The bearer's caller, or whoever the session is signed in as. */
  readonly caller: Caller | undefined
  /** Why it cannot be told who that is. */
  readonly outage?: UpstreamError | undefined
}

export interface SessionGateOptions {
  readonly sessions: SessionStore
  readonly signIns: Pick<SignInStore, 'end'>
  readonly authenticator: Pick<Authenticator, 'recognize'>
  /** The application (client id of the server). */
  readonly application: string
  readonly endpoint: McpEndpoint
  /** Hears of sessions that do not stand any more, by their digests. */
  readonly onGone: (digest: string) => Promise<void>
  readonly audit: AuditLog
}

/** Finds the session that a request names. It says who calls only where no bearer does, and only on endpoints for that. */
export class SessionGate {
  readonly #options: SessionGateOptions

  constructor(options: SessionGateOptions) {
    this.#options = options
  }

  /**
   * The session if it stands and is the claimant's, at this endpoint; the claimant must not be told why it is not. One that is
   * used in another way than it was opened for has got into other hands: it ends, with its sign-in. Throws `UpstreamError`.
   */
  async enter({ id, bearer, origin, version }: SessionClaim): Promise<Entered | undefined> {
    const { application, authenticator, endpoint, sessions } = this.#options
    const by = { bearer, origin }
    const digest = digestOf(id)
    const session = await sessions.find(digest)
    if (session === undefined) {
      await this.#options.onGone(digest)
      return this.#refuse(by, 'ERR_SESSION_UNKNOWN')
    }
    const owner = bearer === undefined ? undefined : principalDigest(bearer)
    if (session.principal !== owner || session.application !== application) {
      return this.#refuse(by, 'ERR_SESSION_MISMATCH')
    }
    if (session.endpoint !== endpoint.path || isOther(version, session)) {
      if (bearer === undefined) await this.#end(session, origin)
      return this.#refuse(by, 'ERR_SESSION_MISMATCH')
    }
    if (bearer !== undefined || session.signIn === undefined) return { session, caller: bearer }
    try {
      const caller = await authenticator.recognize(session.signIn, 'used')
      if (caller === undefined) this.#refuse({ bearer: undefined, origin }, 'ERR_SESSION_EXPIRED')
      return { session, caller }
    } catch (error) {
      if (error instanceof UpstreamError) return { session, caller: undefined, outage: error }
      throw error
    }
  }

  /**
   * Whether a message is one that the session was opened for. An `initialize` of another client, or for another version, says
   * that the id has got into other hands: then a session without a bearer ends, with its sign-in. Throws `UpstreamError`.
   */
  async keeps({ session, caller, origin }: Entered & Pick<SessionClaim, 'origin'>, message: unknown): Promise<boolean> {
    const said = describeSelf(message)
    if (said === undefined || isSame(said, session)) return true
    const bearer = session.principal === undefined ? undefined : caller
    if (bearer === undefined) await this.#end(session, origin)
    this.#refuse({ bearer, origin }, 'ERR_SESSION_MISMATCH')
    return false
  }

  async #end({ digest, signIn }: TransportSession, origin: RequestOrigin): Promise<void> {
    const { onGone, sessions, signIns } = this.#options
    if (signIn !== undefined) await signIns.end(signIn, 'mismatch', origin)
    await sessions.end(digest)
    await onGone(digest)
  }

  #refuse(
    { bearer, origin }: Pick<SessionClaim, 'bearer' | 'origin'>,
    reason: AuthenticationErrorCode & `ERR_SESSION_${string}`,
  ): undefined {
    this.#options.audit.count({
      ...actorOf(bearer),
      ...{ requestId: randomUUID(), type: 'token.refused', reason },
      ...requestFacts(bearer, origin),
    })
    return undefined
  }
}

function isSame(said: SelfDescription, { client, protocolVersion }: TransportSession): boolean {
  const { name, version } = said.client
  return name === client.name && version === client.version && said.protocolVersion === protocolVersion
}

/** A version that does not exist is left to the SDK, which answers 400 as the specification demands. */
function isOther(version: string | undefined, session: TransportSession): boolean {
  return version !== undefined && version !== session.protocolVersion && SUPPORTED_PROTOCOL_VERSIONS.includes(version)
}
