import type { Caller } from '../../../core/identity/caller.js'
import type { CallLogLevel } from '../../../core/operation/call-channel.js'
import type { Guard } from '../../../core/operation/guard.js'
import type { Operation } from '../../../core/operation/operation.js'
import { categories, type Grants } from '../../../core/permission/grants.js'
import type { Exchange } from '../http/exchange.js'
import type { RequestId } from '../http/json-rpc.js'
import type { SdkPair } from './sdk-pair.js'

export interface SessionFields {
  readonly principal: string
  /** Path of the endpoint. */
  readonly endpoint: string
  /** The protocol version that was negotiated. */
  readonly version: string
  readonly createdAt: number
  readonly pair: SdkPair
}

interface ServedList {
  readonly grants: Grants
  readonly operations: readonly Operation[]
}

/** What is kept for one client between its requests. Never who it is: that is verified on every request. */
export class Session {
  readonly principal: string
  readonly endpoint: string
  readonly version: string
  readonly createdAt: number
  usedAt: number
  /** What the client asked for with `logging/setLevel`. */
  logLevel: CallLogLevel | undefined
  /** The open GET stream. */
  stream: Exchange | undefined
  readonly #pair: SdkPair
  #running: Map<RequestId, Exchange> | undefined
  #served: ServedList | undefined

  constructor(fields: SessionFields) {
    this.principal = fields.principal
    this.endpoint = fields.endpoint
    this.version = fields.version
    this.createdAt = fields.createdAt
    this.usedAt = fields.createdAt
    this.#pair = fields.pair
  }

  get pair(): SdkPair {
    return this.#pair
  }

  /** Whether something is open or running, so that the session is not idle. */
  get busy(): boolean {
    return this.stream !== undefined || (this.#running !== undefined && this.#running.size > 0)
  }

  /** Whether the client shows forms. */
  get asksForms(): boolean {
    return this.#pair.server.getClientCapabilities()?.elicitation?.form !== undefined
  }

  running(id: RequestId): Exchange | undefined {
    return this.#running?.get(id)
  }

  begin(id: RequestId, exchange: Exchange): void {
    this.#running ??= new Map()
    this.#running.set(id, exchange)
  }

  finish(id: RequestId, exchange: Exchange): void {
    if (this.#running?.get(id) === exchange) this.#running.delete(id)
  }

  /** Remembers what was listed, to notice when it is no longer so. */
  listed(caller: Caller, operations: readonly Operation[]): void {
    this.#served = { grants: caller.user, operations }
  }

  /** Tells the client when its last list no longer holds for `caller`; waits for a stream to say it on. */
  async announceChange(guard: Guard, caller: Caller): Promise<void> {
    const served = this.#served
    if (served === undefined || sameGrants(served.grants, caller.user)) return
    const operations = guard.visible(caller)
    const same = sameItems(served.operations, operations)
    if (!same && this.stream === undefined) return
    this.#served = { grants: caller.user, operations }
    if (!same) await this.#pair.server.sendToolListChanged()
  }

  async close(): Promise<void> {
    for (const exchange of [...(this.#running?.values() ?? [])]) exchange.stop('session-ended')
    this.stream?.stop('session-ended')
    await this.#pair.server.close()
  }
}

function sameGrants(one: Grants, other: Grants): boolean {
  return categories.every((category) => sameItems(one[category], other[category]))
}

function sameItems<Item>(one: readonly Item[], other: readonly Item[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index])
}
