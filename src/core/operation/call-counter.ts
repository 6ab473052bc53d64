import type { RateLimitAnswer, RateLimiter, RateLimitKey } from '../runtime/rate-limiter.js'
import { Turns } from '../runtime/turns.js'
import type { Visitor } from './access.js'
import { countedTogether, type CallLimit, type CountedTogether } from './call-limit.js'
import type { Operation } from './operation.js'

export interface CallCounterPorts {
  readonly limiter: RateLimiter
  /** Whose operations these are: two applications may use one database and one name. */
  readonly application: string
}

/** Who calls, as far as limits depend on it. */
export interface CountedVisitor extends Visitor {
  /** Where the call comes from, for calls of nobody known; `undefined` where there is no network between. */
  readonly network?: string | undefined
}

/** Counts calls against the limits of their operations. Throws `UpstreamError` when they cannot be counted: then none may begin. */
export class CallCounter {
  readonly #ports: CallCounterPorts
  /** Calls that count together wait for one row in any case; they must not hold every connection to do so. */
  readonly #turns = new Turns()

  constructor(ports: CallCounterPorts) {
    this.#ports = ports
  }

  /** Counts one call under each limit, or, where one of them is used up, under none. */
  async take(operation: Operation, visitor: CountedVisitor): Promise<RateLimitAnswer> {
    const keys = this.#keysOf(operation, visitor)
    if (keys.length === 0) return { admitted: true }
    return this.#turns.take(turnOf(operation, visitor), () => this.#ports.limiter.take(keys))
  }

  /** Takes back a call that has not begun. */
  async giveBack(operation: Operation, visitor: CountedVisitor): Promise<void> {
    const keys = this.#keysOf(operation, visitor)
    if (keys.length > 0) await this.#ports.limiter.giveBack(keys)
  }

  #keysOf({ limits = [], name }: Operation, visitor: CountedVisitor): readonly RateLimitKey[] {
    return limits.map(({ limit, per, seconds }: CallLimit) => ({
      limit: { name: 'operation-call', limit, seconds },
      key: JSON.stringify([this.#ports.application, name, per, seconds, ...countedAs(per, visitor)]),
    }))
  }
}

/** Those who share any count of an operation take turns. */
function turnOf({ limits = [], name }: Operation, visitor: CountedVisitor): string {
  const widest = countedTogether.findLast((known) => limits.some(({ per }) => per === known)) ?? 'user'
  return JSON.stringify([name, ...countedAs(widest, visitor)])
}

/**
 * A user is the same one by every client: who registers more of them gets no more calls. Nobody known is whoever is at their
 * network address or, where there is none, at this session.
 */
function countedAs(per: CountedTogether, { caller, login, network }: CountedVisitor): readonly string[] {
  if (per === 'everybody') return []
  if (caller === undefined) return ['nobody', network ?? login?.key ?? '']
  const { issuer, tenant, user } = caller
  return per === 'tenant' ? ['known', tenant.id] : ['known', tenant.id, issuer, user.subject]
}
