import type { Visitor } from '../../../core/operation/access.js'
import type { RpcError } from '../http/json-rpc.js'
import type { ClientSession, Say } from './client-session.js'

/** One request while it is answered, as the tool methods see it, whatever it came by. */
export abstract class InboundCall {
  /** What the call is on record by, and whoever asks is shown where it fails. */
  abstract readonly ref: string
  /** What is kept for the client between its requests; `undefined` where each request stands alone. */
  abstract readonly session: ClientSession | undefined
  /** The path and the version of the protocol that it came by, as far as lists depend on them. */
  abstract readonly surface: string
  /** Who asks. */
  abstract readonly visitor: Visitor
  /** Where it comes from; `undefined` where there is no network between. */
  abstract readonly network: string | undefined
  /** Where the resource that it came to is described (RFC 9728), for challenges; `undefined` where nobody can be challenged. */
  abstract readonly resourceMetadata: string | undefined
  /** Aborted when the work should end. */
  abstract readonly signal: AbortSignal
  /** Whether nothing more can be said. */
  abstract readonly ended: boolean
  /** Sends a notification on the way of the answer, while a call runs and its answer can carry one. */
  say: Say | undefined
  /** Set by a handler whose fault has an HTTP status of its own. */
  fault: RpcError | undefined

  /** Aborts the work; what was to be said is still said. */
  abstract abort(): void
  /** Resolves when the client has read what was written, or is gone. */
  abstract drained(): Promise<void>
}
