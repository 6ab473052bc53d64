import type { ServerResponse } from 'node:http'
import { jsonContent, type Answer } from './answer.js'

/** On every answer: nothing may be kept, and what is said depends on who asks. */
export const securityHeaders = [
  'Cache-Control',
  'no-store',
  'Vary',
  'Authorization, Origin',
  'X-Content-Type-Options',
  'nosniff',
] as const

const streamHeaders = ['Content-Type', 'text/event-stream', 'X-Accel-Buffering', 'no'] as const

/** The way out of one request: one JSON answer, or server-sent events from the first notification on. Never both, never twice. */
export class Reply {
  readonly #response: ServerResponse
  readonly #headers: string[]
  #phase: 'open' | 'stream' | 'done' = 'open'
  #wroteAt = 0
  #draining: Promise<void> | undefined

  constructor(response: ServerResponse, headers: readonly string[] = securityHeaders) {
    this.#response = response
    this.#headers = [...headers]
  }

  /** For an answer that is the same for everybody and may be kept. */
  static public(response: ServerResponse): Reply {
    return new Reply(response, [])
  }

  /** Whether nothing more can be said, because all is said or nobody listens. */
  get done(): boolean {
    return this.#phase === 'done' || this.#response.destroyed
  }

  get streaming(): boolean {
    return this.#phase === 'stream'
  }

  /** Whether the client reads more slowly than it is written to. */
  get congested(): boolean {
    return this.#response.writableNeedDrain
  }

  /** Headers, names and values in turn, for whatever will be answered. */
  add(...headers: readonly string[]): void {
    this.#headers.push(...headers)
  }

  send(answer: Answer): void {
    if (!this.#isOpen()) return
    this.#phase = 'done'
    this.#writeHead(answer)
    this.#response.end(answer.body)
  }

  /** The same as `send`, with the connection left open for the caller of this method to end. */
  sendUnended(answer: Answer): void {
    if (!this.#isOpen()) return
    this.#phase = 'done'
    this.#response.shouldKeepAlive = false
    this.#writeHead(answer)
    if (answer.body !== undefined) this.#response.write(answer.body)
  }

  /** The one message that answers the request, as JSON or as the last event. */
  finish(message: string, status = 200, headers: readonly string[] = []): void {
    if (this.#phase === 'stream') {
      this.event(message)
      this.end()
    } else {
      this.send({ status, headers: [...jsonContent, ...headers], body: message })
    }
  }

  /** One message before the answer; from here on the answer is a stream. */
  event(message: string): void {
    this.chunk(`event: message\ndata: ${message}\n\n`)
  }

  /** Raw bytes of an event stream. */
  chunk(bytes: string | Uint8Array): void {
    this.openStream()
    if (this.#phase !== 'stream' || this.#response.destroyed) return
    this.#wroteAt = performance.now()
    this.#response.write(bytes)
  }

  /** Writes the head of an event stream, unless that is done. */
  openStream(): void {
    if (!this.#isOpen()) return
    this.#phase = 'stream'
    this.#wroteAt = performance.now()
    this.#response.writeHead(200, [...this.#headers, ...streamHeaders])
    this.#response.flushHeaders()
  }

  /** Ends the stream, or answers with an empty one: the request gets no message (cancelled requests). */
  end(): void {
    this.openStream()
    if (this.#phase !== 'stream') return
    this.#phase = 'done'
    this.#response.end()
  }

  /** A comment for intermediaries that close silent streams. */
  keepAlive(silentMilliseconds: number): void {
    if (this.#phase === 'stream' && performance.now() - this.#wroteAt >= silentMilliseconds)
      this.chunk(': keepalive\n\n')
  }

  /** Resolves when the client has read what was written, or is gone. */
  async drained(): Promise<void> {
    if (!this.#response.writableNeedDrain || this.#response.destroyed) return
    this.#draining ??= this.#drain()
    await this.#draining
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#response.off('drain', settle)
        this.#response.off('close', settle)
        this.#draining = undefined
        resolve()
      }
      this.#response.on('drain', settle)
      this.#response.on('close', settle)
    })
  }

  #isOpen(): boolean {
    return this.#phase === 'open' && !this.#response.destroyed
  }

  #writeHead(answer: Answer): void {
    const length = answer.body === undefined ? 0 : Buffer.byteLength(answer.body)
    const headers = [...this.#headers, ...answer.headers]
    if (answer.status !== 204) headers.push('Content-Length', String(length))
    this.#response.writeHead(answer.status, headers)
  }
}
