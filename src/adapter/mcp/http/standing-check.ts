import { UpstreamError } from '../../../core/error/upstream-error.js'
import { principalOf, type Caller } from '../../../core/identity/caller.js'
import type { Authenticator } from '../../../core/operation/authenticator.js'
import type { Log } from '../../../core/runtime/log.js'
import type { Exchange } from './exchange.js'

const shortMilliseconds = 1_000
const questionsAtOnce = 4

/** Ends what goes on for a caller who may no longer enter: account disabled, grant ended, tenant suspended or not admitted. */
export class StandingCheck {
  readonly #authenticator: Pick<Authenticator, 'renew'>
  readonly #log: Log
  #asking = false

  constructor(authenticator: Pick<Authenticator, 'renew'>, log: Log) {
    this.#authenticator = authenticator
    this.#log = log
  }

  /** Asks once for each caller whose exchange has run for a second or longer. Does nothing while the last check goes on. */
  async check(exchanges: readonly Exchange[]): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    try {
      const before = performance.now() - shortMilliseconds
      await this.#checkAll(byCaller(exchanges.filter(({ startedAt }) => startedAt <= before)))
    } finally {
      this.#asking = false
    }
  }

  /** The same now, for all of these, whatever else goes on. */
  async checkAtOnce(exchanges: readonly Exchange[]): Promise<void> {
    await this.#checkAll(byCaller(exchanges))
  }

  async #checkAll(open: Exchange[][]): Promise<void> {
    // The callers of a tenant whose database is slow to fail must not keep those of others from being asked for.
    const outOfReach = new Set<string>()
    const ask = async (): Promise<void> => {
      for (let same = open.pop(); same !== undefined; same = open.pop()) await this.#checkOne(same, outOfReach)
    }
    await Promise.all(Array.from({ length: questionsAtOnce }, ask))
  }

  /** Only an answer ends anything: during an outage the caller is who it was a moment ago. */
  async #checkOne(same: readonly Exchange[], outOfReach: Set<string>): Promise<void> {
    const caller = same[0]?.bound
    if (caller === undefined || outOfReach.has(placeOf(caller))) return
    try {
      if ((await this.#authenticator.renew(caller)) !== undefined) return
    } catch (error) {
      // What an issuer does not say of one token, it may say of the next.
      if (!isOfIssuer(error)) outOfReach.add(placeOf(caller))
      this.#log.write('warn', 'whether callers may go on could not be told', { tenant: caller.tenant.slug, error })
      return
    }
    for (const exchange of same) exchange.stop('revoked')
  }
}

/** What is out of reach for one is out of reach for all who are known by the same issuer in the same tenant. */
function placeOf({ issuer, tenant }: Caller): string {
  return JSON.stringify([tenant.id, issuer])
}

function isOfIssuer(error: unknown): boolean {
  return error instanceof UpstreamError && error.code === 'ERR_IDP_UNAVAILABLE'
}

function byCaller(exchanges: readonly Exchange[]): Exchange[][] {
  const groups = new Map<string, Exchange[]>()
  for (const exchange of exchanges) {
    if (exchange.bound === undefined) continue
    const key = keyOf(exchange.bound)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [exchange])
    else group.push(exchange)
  }
  return [...groups.values()]
}

function keyOf(caller: Caller): string {
  const { credential, grantDigest, tenantClaim } = caller
  const shown = credential.kind === 'sign-in' ? credential.signIn.key : credential.proof?.digest
  return JSON.stringify([principalOf(caller), tenantClaim, grantDigest ?? null, shown ?? null])
}
