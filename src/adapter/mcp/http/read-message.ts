import type { IncomingMessage } from 'node:http'
import { refusal, type Answer } from './answer.js'
import { serverError } from './json-rpc.js'
import { parseMessage } from './parse-message.js'

const jsonType = /^application\/json[ \t]*(?:;|$)/i

/** `gone` when the client left before its body was complete. */
export type Inbound =
  | { readonly kind: 'message'; readonly message: unknown }
  | { readonly kind: 'refused'; readonly answer: Answer }
  | { readonly kind: 'gone' }

/** Reads one JSON-RPC message: at most `maxBytes` of UTF-8, nested at most 64 deep, parsed once, never a batch. */
export async function readMessage(request: IncomingMessage, maxBytes: number): Promise<Inbound> {
  if (!jsonType.test(request.headers['content-type'] ?? '')) {
    return refused(415, serverError, 'Unsupported Media Type: Content-Type must be application/json')
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes)
  const body = await readBody(request, maxBytes)
  if (body === 'gone') return { kind: 'gone' }
  return body === 'too large' ? tooLarge(maxBytes) : parse(body)
}

function parse(body: Buffer): Inbound {
  const parsed = parseMessage(body)
  if (parsed.valid) return { kind: 'message', message: parsed.message }
  return { kind: 'refused', answer: refusal(400, parsed.fault) }
}

function refused(status: number, code: number, message: string): Inbound {
  return { kind: 'refused', answer: refusal(status, { code, message }) }
}

function tooLarge(maxBytes: number): Inbound {
  return refused(413, serverError, `Payload Too Large: a message has at most ${maxBytes} bytes`)
}

function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too large' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (outcome: Buffer | 'too large' | 'gone'): void => {
      request.off('data', onData)
      request.off('end', onEnd)
      request.off('close', onGone)
      resolve(outcome)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > maxBytes) settle('too large')
      else chunks.push(chunk)
    }
    const onEnd = (): void => {
      const [first] = chunks
      settle(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks))
    }
    const onGone = (): void => settle('gone')
    request.on('data', onData)
    request.on('end', onEnd)
    request.on('close', onGone)
    request.on('error', onGone)
  })
}
