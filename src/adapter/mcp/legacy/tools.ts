import type { CallChannel } from '../../../core/operation/call-channel.js'
import type { OperationResult } from '../../../core/operation/content.js'
import type { Guard } from '../../../core/operation/guard.js'
import type { Operation } from '../../../core/operation/operation.js'
import { invalidParams, RpcError } from '../http/json-rpc.js'
import type { LegacyRequest } from './legacy-request.js'
import type { ToolCall } from './tool-request.js'

/** The tool methods of the protocol over the guard; both ways of serving them come here. */
export class Tools {
  readonly #guard: Guard

  constructor(guard: Guard) {
    this.#guard = guard
  }

  list({ exchange, session }: LegacyRequest): readonly Operation[] {
    const operations = this.#guard.list(exchange.caller)
    session?.listed(exchange.caller, operations)
    return operations
  }

  /** Whether this call may have to ask the user; never true of what the caller may not use. */
  elicits({ exchange, session }: LegacyRequest, name: string): boolean {
    return session?.asksForms === true && this.#guard.find(name, exchange.caller)?.elicits === true
  }

  /** Throws `RpcError` -32602 with the same words for hidden and absent tools, and whatever the guard throws. */
  async call({ exchange }: LegacyRequest, { name, args }: ToolCall, channel: CallChannel): Promise<OperationResult> {
    const outcome = await this.#guard.call({ name, args, caller: exchange.caller, channel })
    if (outcome.outcome === 'answered') return outcome.result
    throw new RpcError({ code: invalidParams, message: `Unknown tool: ${name}` })
  }
}
