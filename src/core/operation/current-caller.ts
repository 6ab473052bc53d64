import type { Caller } from '../identity/caller.js'
import type { PermissionGraph } from '../permission/graph/permission-graph.js'
import { systemClock, type Clock } from '../runtime/clock.js'
import { askerOf } from './access.js'
import type { Authenticator } from './authenticator.js'
import type { Operation } from './operation.js'

export interface CallerPorts {
  readonly callers: Pick<Authenticator, 'renew'>
  readonly clock?: Clock | undefined
}

const freshMilliseconds = 200

/** The same caller where what is known is of a moment ago, as everything is now otherwise; nobody once their credential has ended. */
export async function freshCaller({ callers, clock }: CallerPorts, caller: Caller): Promise<Caller | undefined> {
  if (hasExpired(caller, clock ?? systemClock)) return undefined
  return performance.now() - caller.readAt < freshMilliseconds ? caller : callers.renew(caller)
}

/** Sign-ins go by the database's clock, when they are looked up. */
function hasExpired({ credential, expiresAt }: Caller, clock: Clock): boolean {
  return credential.kind === 'bearer' && expiresAt * 1000 <= clock.now()
}

/** The caller of one call, looked up again as it goes on. */
export class CurrentCaller {
  readonly #ports: CallerPorts & { readonly graph: PermissionGraph<Operation> }
  readonly #operation: Operation
  #caller: Caller | undefined
  #looking: Promise<Caller | undefined> | undefined

  constructor(
    ports: CallerPorts & { readonly graph: PermissionGraph<Operation> },
    operation: Operation,
    caller: Caller | undefined,
  ) {
    this.#ports = ports
    this.#operation = operation
    this.#caller = caller
  }

  /** As of a moment ago; nobody for good once they may not use the operation. Throws `UpstreamError` where that cannot be told. */
  find(): Promise<Caller | undefined> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #look(): Promise<Caller | undefined> {
    const known = this.#caller
    if (known === undefined) return undefined
    const caller = await freshCaller(this.#ports, known)
    // What only a policy could say has been said, or is being asked.
    const verdict = this.#ports.graph.decide(this.#operation, askerOf({ caller }))
    this.#caller = verdict === 'deny' ? undefined : caller
    return this.#caller
  }
}
