import type { Log } from '../../runtime/log.js'
import { UpstreamError } from '../../error/upstream-error.js'
import type { KeptTokens, KeptTokenStore, TokenPlace } from './kept-tokens.js'
import type { OpenedProvider, UpstreamDirectory } from '../provider/upstream-directory.js'

export interface UpstreamTokenKeeperPorts {
  readonly store: KeptTokenStore
  readonly providers: Pick<UpstreamDirectory, 'find'>
  readonly log: Log
  /** Waits so many milliseconds. */
  readonly pause: (milliseconds: number) => Promise<void>
}

const pauseMilliseconds = 100
/** As long as somebody else's claim lasts, and a little more. */
const mostPauses = 330

/**
 * What accounts may do at their providers: access tokens for services that the user has there, never for a client of ours. They are
 * renewed when they run out, by one process for all; what the provider takes back, or gives to somebody else, is gone.
 */
export class UpstreamTokenKeeper {
  readonly #ports: UpstreamTokenKeeperPorts
  readonly #asking = new Map<string, Promise<string | undefined>>()

  constructor(ports: UpstreamTokenKeeperPorts) {
    this.#ports = ports
  }

  /**
   * A token that is good for a while; `undefined` where there is none any more: its user signs in again. Throws `UpstreamError` where a
   * database does not answer, or the provider where the token is over.
   */
  accessToken(place: TokenPlace): Promise<string | undefined> {
    const key = JSON.stringify([place.tenant.id, place.account, place.provider])
    const asking = this.#asking.get(key)
    if (asking !== undefined) return asking
    const started = this.#accessToken(place).finally(() => this.#asking.delete(key))
    this.#asking.set(key, started)
    return started
  }

  async #accessToken(place: TokenPlace): Promise<string | undefined> {
    const { pause, store } = this.#ports
    for (let pauses = 0; ; pauses += 1) {
      const kept = await store.find(place)
      if (kept === undefined || kept.age === 'fresh') return kept?.tokens.accessToken
      const opened = await this.#ports.providers.find(place.provider)
      // Tokens are shown to nobody but the provider that gave them.
      if (opened === undefined || !isFrom(kept, opened)) {
        await store.remove(kept)
        return undefined
      }
      if (kept.tokens.refreshToken === undefined) return kept.age === 'due' ? kept.tokens.accessToken : undefined
      if (await store.claim(kept)) return this.#renew(kept, opened)
      if (kept.age === 'due') return kept.tokens.accessToken
      if (pauses === mostPauses) throw new UpstreamError('IDP_UNAVAILABLE', 'another process is still renewing a token')
      await pause(pauseMilliseconds)
    }
  }

  async #renew(kept: KeptTokens, { provider }: OpenedProvider): Promise<string | undefined> {
    const { log, store } = this.#ports
    try {
      const renewal = await provider.renew(kept.tokens, kept.subject)
      if (renewal.outcome === 'refreshed') {
        await store.renew(kept, renewal.tokens)
        return renewal.tokens.accessToken
      }
      const { account, provider: id, tenant } = kept.place
      log.write('warn', 'upstream tokens of an account are over', {
        ...{ tenant: tenant.slug, account, provider: id, reason: renewal.outcome },
      })
      // With tokens that somebody has replaced meanwhile, a refusal says nothing.
      return (await store.remove(kept)) ? undefined : this.#accessToken(kept.place)
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      await store.release(kept).catch(() => undefined)
      if (kept.age === 'due') return kept.tokens.accessToken
      throw error
    }
  }
}

function isFrom(kept: KeptTokens, { settings }: OpenedProvider): boolean {
  return kept.issuer === settings.issuer && kept.clientId === settings.clientId
}
