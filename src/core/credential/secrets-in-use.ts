import { LeakScan } from './leak-scan.js'

const rememberedMilliseconds = 60_000
const mostOfOneTenant = 1_000

/**
 * What was handed out to operations of a tenant a short while ago: an operation may have kept it, and a later call show it. No
 * longer than credentials are in memory anyhow.
 */
export class SecretsInUse {
  readonly #byTenant = new Map<string, Map<string, number>>()

  /** Notes that operations of a tenant have these texts. */
  note(tenantId: string, texts: readonly string[]): void {
    const noted = this.#byTenant.get(tenantId) ?? new Map<string, number>()
    this.#byTenant.set(tenantId, noted)
    const until = performance.now() + rememberedMilliseconds
    for (const text of texts) {
      noted.delete(text)
      noted.set(text, until)
    }
    for (const oldest of noted.keys()) {
      if (noted.size <= mostOfOneTenant) break
      noted.delete(oldest)
    }
  }

  /** Looks for everything that is noted of a tenant, and for what a call was given besides; `undefined` where there is nothing. */
  scan(tenantId: string | undefined, given: Iterable<string> = []): LeakScan | undefined {
    const texts = new Set([...this.#current(tenantId), ...given])
    return texts.size === 0 ? undefined : new LeakScan(texts)
  }

  #current(tenantId: string | undefined): readonly string[] {
    const noted = tenantId === undefined ? undefined : this.#byTenant.get(tenantId)
    if (tenantId === undefined || noted === undefined) return []
    const now = performance.now()
    for (const [text, until] of noted) if (until < now) noted.delete(text)
    if (noted.size === 0) this.#byTenant.delete(tenantId)
    return [...noted.keys()]
  }
}
