import type { Log } from '../../../core/runtime/log.js'
import { errorText, notificationText, resultText } from '../http/json-rpc.js'
import { faultOf } from '../http/outage.js'
import { openChannel } from './call-outlet.js'
import type { LegacyRequest } from './legacy-request.js'
import { recognize, type Recognized } from './recognize.js'
import type { Tools } from './tools.js'

/** Answers the requests it takes. */
export interface FastPath {
  /** Answers the request, or does nothing and says `false`. */
  answer(request: LegacyRequest): Promise<boolean>
}

export interface HotPathOptions {
  readonly tools: Tools
  readonly log: Log
}

/** Serves the three frequent requests without the SDK, byte for byte as the SDK would. What it does not recognize it leaves. */
export class HotPath implements FastPath {
  readonly #options: HotPathOptions

  constructor(options: HotPathOptions) {
    this.#options = options
  }

  async answer(request: LegacyRequest): Promise<boolean> {
    const { exchange } = request
    const recognized = recognize(exchange.request.headers, exchange.message)
    if (recognized === undefined) return false
    if (recognized.method === 'tools/call') {
      if (this.#options.tools.elicits(request, recognized.call.name)) return false
      await this.#guarded(request, recognized, () => this.#call(request, recognized))
      return true
    }
    await this.#guarded(request, recognized, () => (recognized.method === 'ping' ? '{}' : this.#list(request)))
    return true
  }

  async #guarded(request: LegacyRequest, { id }: Recognized, work: () => string | Promise<string>): Promise<void> {
    const { reply } = request.exchange
    if (request.sessionId !== undefined) reply.add('Mcp-Session-Id', request.sessionId)
    try {
      reply.finish(resultText(id, await work()))
    } catch (error) {
      const fault = faultOf(error, this.#options.log, request.ref)
      reply.finish(errorText(id, fault), fault.status, fault.headers)
    }
  }

  #list(request: LegacyRequest): string {
    return this.#options.tools.listJson(request)
  }

  async #call(request: LegacyRequest, recognized: Recognized & { readonly method: 'tools/call' }): Promise<string> {
    const { progressToken, call } = recognized
    const { reply } = request.exchange
    const channel = openChannel(request, {
      progressToken,
      streams: request.session !== undefined || progressToken !== undefined,
      notify: async (method, params) => {
        // Only a handler that does not wait comes here while the client is slow; what it says is lost, not kept in memory.
        if (!reply.congested) reply.event(notificationText(method, params))
        await reply.drained()
      },
    })
    return JSON.stringify(await this.#options.tools.call(request, call, channel))
  }
}
