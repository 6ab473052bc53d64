import { randomBytes } from 'node:crypto'
import {
  ElicitResultSchema,
  McpError,
  type ElicitRequestFormParams,
  type ElicitResult,
} from '@modelcontextprotocol/sdk/types.js'
import { internalError, isObject, type RequestId } from '../http/json-rpc.js'
import { validatorOnDemand, type SdkPair } from './sdk-pair.js'

/** What a client says to a question, as it came. */
export interface ClientAnswer {
  readonly result?: unknown
  readonly error?: unknown
}

export interface Asking {
  /** The call that wants to know; the question goes the way of its answer. */
  readonly requestId: RequestId
  readonly signal: AbortSignal
  readonly timeout: number
}

const prefix = 'ask-'
const pattern = /^ask-[\w-]{22}$/

/** Whether a message with this id may answer a question of ours, asked here or in another process. */
export function isQuestion(id: unknown): id is string {
  return typeof id === 'string' && pattern.test(id)
}

/**
 * The questions to the client of one session that wait for an answer. The SDK counts its own from 0 in every process, and an answer
 * that arrives at another one would be taken for that of whatever was asked there: ours have ids that nobody else gives out.
 */
export class Questions {
  readonly #waiting = new Map<string, (outcome: Outcome) => void>()

  /** Asks with a form. Throws `McpError` for an answer that is none, or does not fit the form, and where none came in time. */
  async ask({ transport }: SdkPair, params: ElicitRequestFormParams, asking: Asking): Promise<ElicitResult> {
    const id = prefix + randomBytes(16).toString('base64url')
    const { requestId: relatedRequestId, signal, timeout } = asking
    // The client need not show any more what nobody waits for.
    const giveUp = (why: string): void => {
      const cancelled = { jsonrpc: '2.0' as const, method: 'notifications/cancelled', params: { requestId: id } }
      void transport.send(cancelled, { relatedRequestId }).catch(() => undefined)
      this.#settle(id, { failure: new McpError(internalError, why) })
    }
    const onAbort = (): void => giveUp('the call was ended')
    const timer = setTimeout(() => giveUp('the client did not answer'), timeout).unref()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const outcome = new Promise<Outcome>((resolve) => this.#waiting.set(id, resolve))
      const message = { jsonrpc: '2.0' as const, id, method: 'elicitation/create', params: { ...params, mode: 'form' } }
      await transport.send(message, { relatedRequestId })
      if (signal.aborted) onAbort()
      return fitting(await outcome, params)
    } finally {
      this.#waiting.delete(id)
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Hands an answer to whoever waits for it here; `false` where nobody does. */
  answer(id: string, answer: ClientAnswer): boolean {
    return this.#settle(id, answer)
  }

  #settle(id: string, outcome: Outcome): boolean {
    const settle = this.#waiting.get(id)
    this.#waiting.delete(id)
    settle?.(outcome)
    return settle !== undefined
  }
}

type Outcome = ClientAnswer | { readonly failure: McpError }

function fitting(outcome: Outcome, { requestedSchema }: ElicitRequestFormParams): ElicitResult {
  if ('failure' in outcome) throw outcome.failure
  const { result, error } = outcome
  if (error !== undefined) throw errorOf(error)
  const parsed = ElicitResultSchema.safeParse(result)
  if (!parsed.success) throw new McpError(internalError, 'the client did not answer the question')
  const { action, content } = parsed.data
  if (action !== 'accept' || content === undefined) return parsed.data
  const schema: Parameters<typeof validatorOnDemand.getValidator>[0] = JSON.parse(JSON.stringify(requestedSchema))
  const checked = validatorOnDemand.getValidator(schema)(content)
  if (!checked.valid) throw new McpError(internalError, 'what the client answered does not fit the form')
  return parsed.data
}

function errorOf(error: unknown): McpError {
  const code = isObject(error) && typeof error['code'] === 'number' ? error['code'] : internalError
  const message =
    isObject(error) && typeof error['message'] === 'string' ? error['message'] : 'the client cannot be asked'
  return new McpError(code, message)
}
