import type { Writable } from 'node:stream'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage, MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import { isObject, isRequestId, type RequestId } from '../http/json-rpc.js'

export interface AnswerWatch {
  /** Whether the client waits for an answer with this id. */
  isAwaited(id: RequestId): boolean
  /** Hears the id of each answer that has been written. */
  onAnswer(id: RequestId): void
}

/** The SDK's way out: one message a line. What comes in is handed to `receive`. */
export class StdioTransport implements Transport {
  onmessage?: NonNullable<Transport['onmessage']>
  onclose?: () => void
  onerror?: (error: Error) => void
  readonly #output: Writable
  readonly #watch: AnswerWatch
  #closed = false

  constructor(output: Writable, watch: AnswerWatch) {
    this.#output = output
    this.#watch = watch
  }

  async start(): Promise<void> {
    await Promise.resolve()
  }

  /** Hands a message from the client to the SDK. */
  receive(message: JSONRPCMessage, extra: MessageExtraInfo): void {
    this.onmessage?.(message, extra)
  }

  /** Resolves when the message is written; what nobody waits for or can read any more is dropped. */
  async send(message: JSONRPCMessage): Promise<void> {
    const answered = answeredBy(message)
    if (answered !== undefined && !this.#watch.isAwaited(answered)) return
    await this.write(JSON.stringify(message))
    if (answered !== undefined) this.#watch.onAnswer(answered)
  }

  /** Writes one line of JSON. */
  write(json: string): Promise<void> {
    if (this.#closed || this.#output.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#output.write(`${json}\n`, () => resolve())
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.onclose?.()
    await Promise.resolve()
  }
}

/** The id of the request that a message answers. */
function answeredBy(message: unknown): RequestId | undefined {
  if (!isObject(message) || 'method' in message) return undefined
  return isRequestId(message['id']) ? message['id'] : undefined
}
