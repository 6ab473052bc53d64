import { randomUUID } from 'node:crypto'
import { refusal } from '../adapter/mcp/http/answer.js'
import { outageFault, retryAfter } from '../adapter/mcp/http/outage.js'
import { refuse } from '../adapter/mcp/http/refuse.js'
import { Reply } from '../adapter/mcp/http/reply.js'
import type { HttpHandler } from './listener.js'

/** Answers every request with 503, for a process that cannot tell yet who may do what. */
export const answerStarting: HttpHandler = (request, response) => {
  const fault = outageFault('AUTH_UNAVAILABLE', randomUUID())
  refuse({ request, response, reply: new Reply(response) }, refusal(503, fault, retryAfter))
  return Promise.resolve(true)
}
