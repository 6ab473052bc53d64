import type { RateLimiter } from '../../../core/runtime/rate-limiter.js'
import { refusal } from '../http/answer.js'
import type { Exchange } from '../http/exchange.js'
import { errorText, isObject, serverError, type RequestId } from '../http/json-rpc.js'
import { saysTooMuch } from '../http/self-description.js'
import { isSignOut } from '../http/sign-out-request.js'
import type { LegacyRequest } from './legacy-request.js'

const tooMuch = refusal(413, { code: serverError, message: 'Payload Too Large: initialize has too long parameters' })

/** Sessions that anybody may open, by network address. */
const anonymousSessions = { name: 'anonymous-session', limit: 600, seconds: 60 }

/** Calls of sessions that nobody is signed in to. */
const callsOfSession = { name: 'anonymous-call', limit: 120, seconds: 60 }
const callsOfAddress = { name: 'anonymous-calls', limit: 600, seconds: 60 }

/** What may be done by whoever nobody knows. What may not is answered here. */
export class AnonymousLimits {
  readonly #limiter: RateLimiter

  constructor(limiter: RateLimiter) {
    this.#limiter = limiter
  }

  async mayOpen({ caller, message, origin, reply }: Exchange): Promise<boolean> {
    if (saysTooMuch(message, caller === undefined ? 'anonymous' : 'known')) {
      reply.send(tooMuch)
      return false
    }
    if (caller !== undefined) return true
    const admission = await this.#limiter.take([{ limit: anonymousSessions, key: origin.address }])
    if (admission.admitted) return true
    const fault = { code: serverError, message: 'Too many sessions were opened from here; try again later' }
    reply.send(refusal(429, fault, ['Retry-After', String(admission.secondsLeft)]))
    return false
  }

  /** Every call is on record, and whoever nobody knows must not fill it. */
  async mayCall({ exchange, login }: LegacyRequest, id: RequestId): Promise<boolean> {
    const { caller, message, origin, reply, request } = exchange
    if (caller !== undefined || login === undefined || !isCall(message)) return true
    // Whoever has something to sign out of is somebody, though it cannot be told who.
    if (login.signIn !== undefined && isSignOut(request.method, message)) return true
    const admission = await this.#limiter.take([
      { limit: callsOfSession, key: login.key },
      { limit: callsOfAddress, key: origin.address },
    ])
    if (admission.admitted) return true
    const fault = { code: serverError, message: 'Too many calls before signing in; try again later' }
    reply.finish(errorText(id, fault), 429, ['Retry-After', String(admission.secondsLeft)])
    return false
  }
}

function isCall(message: unknown): boolean {
  return isObject(message) && message['method'] === 'tools/call'
}
