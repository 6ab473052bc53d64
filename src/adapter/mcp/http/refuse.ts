import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.js'
import type { Reply } from './reply.js'

const shortBody = 65_536
const lingerMilliseconds = 500

export interface Refused {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly reply: Reply
}

/**
 * Answers a request whose body was not read. A long rest is read away for a moment and the connection closed, so that the
 * answer reaches a client that is still sending, and nobody feeds us a body that is not wanted.
 */
export function refuse({ request, response, reply }: Refused, answer: Answer): void {
  if (request.complete || !mayBeLong(request)) {
    reply.send(answer)
    return
  }
  reply.sendUnended(answer)
  const end = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, lingerMilliseconds)
  response.once('close', () => clearTimeout(timer))
  request.once('end', end)
  request.resume()
}

function mayBeLong({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > shortBody
}
