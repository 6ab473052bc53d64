import { UpstreamError } from '../error/upstream-error.js'
import type { KnownSession } from './session-source.js'
import type { Tenant } from './tenant.js'

/** Nobody who signs in again and again keeps an administrator waiting for ever. */
const mostRounds = 100

/** Says whose databases do not answer. */
export function silence(tenants: readonly Tenant[]): UpstreamError {
  const slugs = tenants.map(({ slug }) => slug).join(', ')
  return new UpstreamError('TENANT_UNAVAILABLE', `the databases of these tenants do not answer: ${slugs}`)
}

/** What there was, or ended, whatever else failed. */
export class Ends {
  readonly ended: KnownSession[] = []
  /** Tenants whose database does not answer. */
  readonly silent: Tenant[] = []
  #failure: { readonly reason: unknown } | undefined

  async take(end: () => Promise<readonly KnownSession[]>, tenant?: Tenant): Promise<void> {
    try {
      this.ended.push(...(await end()))
    } catch (reason) {
      if (tenant !== undefined && reason instanceof UpstreamError) this.silent.push(tenant)
      else this.#failure ??= { reason }
    }
  }

  /** Until nothing is left. */
  async takeAll(end: () => Promise<readonly KnownSession[]>): Promise<void> {
    for (let rounds = 0; rounds < mostRounds; rounds += 1) {
      const before = this.ended.length
      await this.take(end)
      if (this.ended.length === before) return
    }
    this.#failure ??= { reason: new UpstreamError('OVERLOADED', 'new sessions begin as fast as these end') }
  }

  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.reason
    if (this.silent.length > 0) throw silence(this.silent)
  }
}
