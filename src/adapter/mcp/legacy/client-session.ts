import type { ElicitRequestFormParams, ElicitResult } from '@modelcontextprotocol/sdk/types.js'
import type { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { Visitor } from '../../../core/operation/access.js'
import type { CallLogLevel } from '../../../core/operation/call-channel.js'
import type { Guard } from '../../../core/operation/guard.js'
import type { Operation } from '../../../core/operation/operation.js'
import type { Asking } from './questions.js'

/** What was listed last. */
interface ServedList {
  /** What it depended on. */
  readonly key: string
  readonly operations: readonly Operation[]
}

/** Sends one notification to the client. */
export type Say = (method: string) => Promise<void>

const listChanged = 'notifications/tools/list_changed'

/** What is kept for one client between its requests: what it wants to hear, and what it was shown last. */
export abstract class ClientSession {
  readonly #server: Server
  #served: ServedList | 'unknown' | undefined
  #policyVersion: string | undefined

  constructor(server: Server) {
    this.#server = server
  }

  get server(): Server {
    return this.#server
  }

  /** Whether the client hears what is said between its requests. */
  protected abstract readonly listens: boolean

  /** What the client asked for with `logging/setLevel`. */
  abstract readonly logLevel: CallLogLevel | undefined

  /** Keeps what the client wants to hear of. Throws `UpstreamError` where that is not kept. */
  abstract setLogLevel(level: CallLogLevel): Promise<void>

  /** Asks the user by a form that the client shows. Throws where there is no answer that fits. */
  abstract ask(form: ElicitRequestFormParams, asking: Asking): Promise<ElicitResult>

  /** Whether the client shows forms. */
  get asksForms(): boolean {
    return this.#server.getClientCapabilities()?.elicitation?.form !== undefined
  }

  /** Whether the client sends its user to a page. */
  get opensUrls(): boolean {
    return this.#server.getClientCapabilities()?.elicitation?.url !== undefined
  }

  /** Tells a client that listens that its user is done with the page it was sent to. */
  async announceDone(elicitationId: string): Promise<void> {
    if (this.listens && this.opensUrls) await this.#server.createElicitationCompletionNotifier(elicitationId)()
  }

  /** Whether what the client was shown has not been compared with what holds under this policy version. */
  isBehind(policyVersion: string): boolean {
    return this.#policyVersion !== policyVersion
  }

  /** Remembers what was listed, to notice when it is no longer so. */
  listed(guard: Guard, visitor: Visitor, operations: readonly Operation[]): void {
    this.#served = { key: guard.listKey(visitor), operations }
    this.#policyVersion = visitor.caller?.policyVersion
  }

  /** Nobody knows what the client was shown last: that was in another process, or before a restart. */
  listedElsewhere(): void {
    this.#served = 'unknown'
  }

  /**
   * Tells the client when its last list no longer holds for `visitor`, or may not; waits until it listens. `policyVersion` is that
   * under which the visitor was looked up.
   */
  async announceChange(guard: Guard, visitor: Visitor, policyVersion = visitor.caller?.policyVersion): Promise<void> {
    const served = this.#served
    const known = served === undefined || (served !== 'unknown' && served.key === guard.listKey(visitor))
    const operations = known ? [] : guard.visible(visitor)
    const same = known || (served !== 'unknown' && sameItems(served.operations, operations))
    if (!same && !this.listens) return
    if (!known) this.listed(guard, visitor, operations)
    this.#policyVersion = policyVersion
    if (!same) await this.#server.sendToolListChanged()
  }

  /**
   * The same for a client that has just signed in or out, whether or not it has listed anything yet. To a client that does not
   * listen it is said by `say`, on the way of the answer; where that is over, too, it waits.
   */
  async announceSignIn(guard: Guard, visitor: Visitor, say: Say | undefined): Promise<void> {
    if (!this.listens && say === undefined) return
    const served = this.#served
    const operations = guard.visible(visitor)
    this.listed(guard, visitor, operations)
    if (typeof served === 'object' && sameItems(served.operations, operations)) return
    if (this.listens) await this.#server.sendToolListChanged()
    else await say?.(listChanged)
  }
}

function sameItems<Item>(one: readonly Item[], other: readonly Item[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index])
}
