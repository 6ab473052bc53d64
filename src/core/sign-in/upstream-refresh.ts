import type { Log } from '../runtime/log.js'
import type { RefreshingProvider } from './identity-provider.js'
import type { SignIn, SignInReference, SignInStore } from './sign-in-store.js'
import type { DueRefresh, UpstreamTokenStore } from './upstream-tokens.js'

export interface UpstreamRefreshPorts {
  readonly provider: Pick<RefreshingProvider, 'issuer' | 'clientId' | 'refresh'>
  readonly tokens: UpstreamTokenStore
  readonly signIns: Pick<SignInStore, 'end'>
  readonly log: Log
}

const mostAtOnce = 10

/**
 * Asks the provider again for those whose tokens have run out there, behind their backs: a sign-in that it takes back ends, and one
 * that it cannot be asked about stays as it is. Of all processes one asks.
 */
export class UpstreamRefresh {
  readonly #ports: UpstreamRefreshPorts
  readonly #running = new Map<string, Promise<void>>()
  #closed = false

  constructor(ports: UpstreamRefreshPorts) {
    this.#ports = ports
  }

  /** Is told of each use of a sign-in. Returns at once; what is not begun now is begun at a later use. */
  attend(signIn: SignIn): void {
    const { provider } = this.#ports
    if (!signIn.refreshDue || this.#closed || this.#running.has(signIn.key)) return
    // A refresh token is shown to nobody but the provider that gave it.
    if (signIn.issuer !== provider.issuer || signIn.clientId !== provider.clientId) return
    if (this.#running.size >= mostAtOnce) return
    const { tenant, key } = signIn
    const running = this.#refresh({ tenant, key }).finally(() => this.#running.delete(key))
    this.#running.set(key, running)
  }

  /** Begins nothing more, and resolves when nothing is under way: a new token that is on its way must be kept. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#running.values())
  }

  async #refresh(reference: SignInReference): Promise<void> {
    try {
      const due = await this.#ports.tokens.claim(reference)
      if (due !== undefined) await this.#finish(due)
    } catch (error) {
      this.#ports.log.write('warn', 'a sign-in could not be refreshed', { tenant: reference.tenant.slug, error })
    }
  }

  async #finish(due: DueRefresh): Promise<void> {
    const { provider, tokens, signIns } = this.#ports
    const answer = await this.#orPostpone(due, () => provider.refresh(due))
    if (answer.outcome === 'refreshed') {
      await tokens.renew(due, answer.grant)
    } else if (await tokens.isCurrent(due)) {
      // With tokens that another process has replaced meanwhile, a refusal says nothing.
      await signIns.end(due.reference, answer.outcome)
    }
  }

  async #orPostpone<Value>(due: DueRefresh, ask: () => Promise<Value>): Promise<Value> {
    try {
      return await ask()
    } catch (error) {
      await this.#ports.tokens.postpone(due)
      throw error
    }
  }
}
