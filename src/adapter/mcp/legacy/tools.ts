import type { CallChannel } from '../../../core/operation/call-channel.js'
import type { OperationResult } from '../../../core/operation/content.js'
import type { Guard } from '../../../core/operation/guard.js'
import { elicitationRequired } from '../http/elicitation-required.js'
import { insufficientScope } from '../http/insufficient-scope.js'
import { invalidParams, RpcError } from '../http/json-rpc.js'
import type { InboundCall } from './inbound-call.js'
import { ListCache, type ServedList } from './list-cache.js'
import { ToolListing } from './tool-listing.js'
import type { ToolCall } from './tool-request.js'

const signInFirst = { hint: 'Nobody is signed in. Call oauth_start to sign in, then list the tools again.' }

/** The tool methods of the protocol over the guard; both ways of serving them come here. */
export class Tools {
  readonly #guard: Guard
  readonly #listing = new ToolListing()
  readonly #lists: ListCache

  constructor(guard: Guard) {
    this.#guard = guard
    this.#lists = new ListCache(guard, this.#listing)
  }

  /** The result of `tools/list` as JSON. */
  listJson(request: InboundCall): string {
    return this.#serve(request).json
  }

  /** The same as objects. */
  list(request: InboundCall): Readonly<Record<string, unknown>>[] {
    return this.#listing.tools(this.#serve(request).operations)
  }

  /** Whether this call may have to ask the user; never true of what the caller may not use. */
  elicits({ session, visitor }: InboundCall, name: string): boolean {
    return session?.asksForms === true && this.#guard.find(name, visitor)?.elicits === true
  }

  /**
   * Throws `RpcError` -32602 with the same words for hidden and absent tools, one with status 403 for a bearer who can step up, and
   * whatever the guard throws. Where nobody is signed in, every unknown name comes with the advice to sign in: which of them exist
   * is not in it.
   */
  async call(request: InboundCall, { name, args, traceId }: ToolCall, channel: CallChannel): Promise<OperationResult> {
    const { network, ref, resourceMetadata, visitor } = request
    const origin = traceId === undefined ? visitor.origin : { ...visitor.origin, traceId }
    const stepUp = resourceMetadata === undefined ? undefined : this.#guard.stepUpFor(name, visitor)
    if (resourceMetadata !== undefined && stepUp !== undefined) {
      this.#guard.recordStepUp({ caller: visitor.caller, name, args, origin, ref }, stepUp)
      throw insufficientScope({ ref, resourceMetadata, scopes: stepUp.scopes })
    }
    const outcome = await this.#guard.call({ ...visitor, origin, network, name, args, channel, ref })
    if (outcome.outcome === 'answered') {
      const { link, result } = outcome
      const { session } = request
      if (link === undefined || session?.opensUrls !== true) return result
      link.whenDone(() => session.announceDone(link.id))
      throw elicitationRequired(link)
    }
    const data = visitor.login !== undefined && visitor.caller === undefined ? signInFirst : undefined
    throw new RpcError({ code: invalidParams, message: `Unknown tool: ${name}`, data })
  }

  #serve({ session, surface, visitor }: InboundCall): ServedList {
    const list = this.#lists.get({ surface, visitor })
    this.#guard.served(visitor)
    session?.listed(this.#guard, visitor, list.operations)
    return list
  }
}
