import type { RequestOrigin } from '../audit/request-origin.js'
import { textsOfFailure } from '../credential/failure-texts.js'
import { foundIn, patternsOf } from '../credential/leak-scan.js'
import type { SecretsInUse } from '../credential/secrets-in-use.js'
import { shownIn, textsIn, wordsIn } from '../credential/texts-in.js'
import { linkIn, type ConnectLink } from '../external-service/connect/connect-error.js'
import { ServiceAccess } from '../external-service/service-access.js'
import type { ServiceDesk } from '../external-service/service-desk.js'
import type { Caller } from '../identity/caller.js'
import type { CallChannel } from './call-channel.js'
import type { Operation } from './operation.js'

/** What operations need to use external services. */
export interface ServicePorts {
  readonly desk: ServiceDesk
  readonly inUse: SecretsInUse
}

/** The call that services are opened for. */
export interface ServedCall {
  readonly operation: Pick<Operation, 'name' | 'services'>
  readonly caller: Caller | undefined
  /** The same as everything is now, or nobody: a call may take its time. */
  readonly current: () => Promise<Caller | undefined>
  readonly channel: CallChannel
  /** What the caller has sent. */
  readonly args: unknown
  /** The reference of the call. */
  readonly ref: string
  readonly origin: RequestOrigin
}

/** The external services of one call, and the secrets that nothing it says may show. */
export class CallServices {
  /** `undefined` where the operation declares none, or nobody is there to use them. */
  readonly access: ServiceAccess | undefined
  /** The way to the client, on which no secret goes. */
  readonly channel: CallChannel
  readonly #ports: ServicePorts | undefined
  readonly #args: unknown
  readonly #given = new Map<string, readonly string[]>()
  readonly #ending = new AbortController()
  readonly #outages = new Set<unknown>()
  #link: ConnectLink | undefined

  constructor(ports: ServicePorts | undefined, { args, caller, channel, current, operation, origin, ref }: ServedCall) {
    this.#ports = ports
    this.#args = args
    this.channel = this.#ports === undefined ? channel : this.#guarded(channel)
    const { name, services = [] } = operation
    if (ports === undefined || caller === undefined || services.length === 0) return
    channel.signal.addEventListener('abort', this.#abort, { once: true })
    if (channel.signal.aborted) this.#abort()
    this.access = new ServiceAccess({
      desk: ports.desk,
      visit: { caller, current, operation: name, services, requestId: ref, origin },
      signal: this.#ending.signal,
      handedOut: (texts) => this.#note(texts),
      met: (outage) => this.#outages.add(outage),
    })
  }

  /**
   * Whether what is to be said shows a secret that operations have. What the caller has said itself is none of ours: whoever sends a
   * guess learns nothing from its echo.
   */
  leaks(said: unknown): boolean {
    const patterns = this.#patterns()
    if (patterns.length === 0) return false
    const found = new Set([textsIn, shownIn, wordsIn].flatMap((view) => [...foundIn(view(said), patterns)]))
    if (found.size === 0) return false
    const known = foundIn(textsIn(this.#args), found)
    return [...found].some((pattern) => !known.has(pattern))
  }

  /** The same failure for the log, unless it would show a secret there, or nobody can tell. */
  withoutSecrets(failure: unknown): unknown {
    const patterns = this.#patterns()
    if (patterns.length === 0) return failure
    const texts = textsOfFailure(failure)
    return texts === undefined || foundIn(texts, patterns).size > 0
      ? new TypeError('a failure that would show a secret of an external service')
      : failure
  }

  /** Whether an operation has failed since the way to its services is out of order, and not for something that it depends on itself. */
  isOutage(failure: unknown): boolean {
    return this.#outages.has(failure)
  }

  /** Whether the operation can have done something at a service. */
  get isUsed(): boolean {
    return this.#given.size > 0
  }

  /** Where the user has to sign in first, once the call has failed for that. */
  get link(): ConnectLink | undefined {
    return this.#link
  }

  /** Hears what the operation failed with. */
  failed(error: unknown): void {
    this.#link = linkIn(error)
  }

  /** Whoever kept the access can do nothing with it any more. */
  end(): void {
    this.channel.signal.removeEventListener('abort', this.#abort)
    this.#ending.abort(new TypeError('the call that used external services has ended'))
  }

  readonly #abort = (): void => this.#ending.abort(this.channel.signal.reason)

  #note(texts: readonly string[]): void {
    for (const text of texts) this.#given.set(text, patternsOf(text))
    this.#ports?.inUse.note(texts)
  }

  #patterns(): readonly string[] {
    return this.#ports === undefined
      ? []
      : [...new Set([...this.#ports.inUse.patterns(), ...[...this.#given.values()].flat()])]
  }

  /** What would show a secret is not sent: the operation hears of it where it waits for that. */
  #guarded({ elicit, log, progress, signal }: CallChannel): CallChannel {
    const check = (said: unknown): void => {
      if (this.leaks(said)) throw new TypeError('a message would show a secret of an external service')
    }
    return {
      signal,
      ...(progress && {
        progress: async (done, total, message) => {
          check(message)
          await progress(done, total, message)
        },
      }),
      ...(log && {
        log: async (level, data) => {
          check(data)
          await log(level, data)
        },
      }),
      ...(elicit && {
        elicit: async (request) => {
          check(request)
          return elicit(request)
        },
      }),
    }
  }
}
