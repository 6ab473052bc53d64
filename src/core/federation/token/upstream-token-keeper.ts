import type { Log } from '../../runtime/log.js'
import { UpstreamError } from '../../error/upstream-error.js'
import type { KeptTokenClaim, KeptTokens, KeptTokenStore, TokenPlace } from './kept-tokens.js'
import type { OpenedProvider, UpstreamDirectory } from '../provider/upstream-directory.js'
import type { UpstreamEnd } from '../upstream-provider.js'

export interface UpstreamTokenKeeperPorts {
  readonly store: KeptTokenStore
  readonly providers: Pick<UpstreamDirectory, 'find' | 'isPosing'>
  /** Ends whatever goes back to tokens that are over. Where it throws, they are asked about again. */
  readonly end: (place: TokenPlace, reason: UpstreamEnd) => Promise<void>
  readonly log: Log
  /** Waits so many milliseconds. */
  readonly pause: (milliseconds: number) => Promise<void>
}

type Standing =
  | { readonly state: 'kept'; readonly accessToken: string | undefined }
  /** There is nothing to ask with. */
  | { readonly state: 'none' }
  | { readonly state: 'over'; readonly reason: UpstreamEnd }

const none: Standing = { state: 'none' }
const pauseMilliseconds = 100
/** As long as somebody else's claim lasts, and a little more. */
const mostPauses = 330
/**
 * Longer than a provider takes that is well, and far below what those wait who refresh, this server's own sign-in among them: one who
 * has given up never sees the new refresh token, and the old one would count as stolen.
 */
const mostAttention = 1_000

/**
 * What accounts may do at their providers: access tokens for services that the user has there, never for a client of ours. They are
 * renewed when they run out, by one process for all; what the provider takes back, or gives to somebody else, is gone, and the sign-ins
 * that were made with it end.
 */
export class UpstreamTokenKeeper {
  readonly #ports: UpstreamTokenKeeperPorts
  readonly #asking = new Map<string, Promise<Standing>>()
  #closed = false

  constructor(ports: UpstreamTokenKeeperPorts) {
    this.#ports = ports
  }

  /**
   * A token that is good for a while; `undefined` where there is none any more: its user signs in again. Throws `UpstreamError` where a
   * database does not answer, or the provider where the token is over.
   */
  async accessToken(place: TokenPlace): Promise<string | undefined> {
    const standing = await this.#standing(place)
    return standing.state === 'kept' ? standing.accessToken : undefined
  }

  /**
   * Why sign-ins with these tokens are over, once they have ended; `undefined` where they stand, or the provider cannot be asked now:
   * its outage signs nobody out. What takes longer than a moment goes on, and ends them later. Throws `UpstreamError` where a database
   * does not answer.
   */
  async attend(place: TokenPlace): Promise<UpstreamEnd | undefined> {
    const { log, pause } = this.#ports
    const answer = await Promise.race([this.#endOf(place), pause(mostAttention).then(() => 'late' as const)])
    if (answer !== 'late') return answer
    log.write('warn', 'an identity provider takes long to renew tokens', factsOf(place))
    return undefined
  }

  /** Whether a provider (UUID) goes by somebody else's name now, so that no sign-in with it counts meanwhile. Throws `UpstreamError`. */
  isPosing(provider: string): Promise<boolean> {
    return this.#ports.providers.isPosing(provider)
  }

  /** Asks nothing more; resolves when nothing is under way: a new token that is on its way must be kept. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#asking.values())
  }

  async #endOf(place: TokenPlace): Promise<UpstreamEnd | undefined> {
    try {
      const standing = await this.#standing(place)
      return standing.state === 'over' ? standing.reason : undefined
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.outage !== 'IDP_UNAVAILABLE') throw error
      this.#ports.log.write('warn', 'upstream tokens could not be renewed', { ...factsOf(place), error })
      return undefined
    }
  }

  #standing(place: TokenPlace): Promise<Standing> {
    const key = JSON.stringify([place.tenant.id, place.account, place.provider, place.subject])
    const asking = this.#asking.get(key)
    if (asking !== undefined) return asking
    if (this.#closed) return Promise.reject(closing())
    const started = this.#look(place).finally(() => this.#asking.delete(key))
    this.#asking.set(key, started)
    return started
  }

  async #look(place: TokenPlace): Promise<Standing> {
    const { pause, providers, store } = this.#ports
    for (let pauses = 0; ; pauses += 1) {
      const kept = await store.find(place)
      if (kept === undefined && pauses === 0) return none
      const opened = kept?.age === 'fresh' ? undefined : await providers.find(place.provider)
      // They were there a moment ago, and another process was asking.
      if (kept === undefined) return opened === undefined ? none : { state: 'over', reason: 'revoked_upstream' }
      if (kept.age === 'fresh') return good(kept)
      // Tokens are shown to nobody but the provider that gave them.
      if (opened === undefined || !isFrom(kept, opened)) {
        await store.remove(kept)
        return none
      }
      if (kept.tokens.refreshToken === undefined) return kept.age === 'due' ? good(kept) : none
      const claim = await store.claim(kept)
      if (claim !== undefined) return this.#renew(claim, opened)
      if (kept.age === 'due') return good(kept)
      // Who renews it there keeps it there.
      if (this.#closed) throw closing()
      if (pauses === mostPauses) throw new UpstreamError('IDP_UNAVAILABLE', 'another process is still renewing a token')
      await pause(pauseMilliseconds)
    }
  }

  async #renew(claim: KeptTokenClaim, { provider }: OpenedProvider): Promise<Standing> {
    const { store } = this.#ports
    const { kept } = claim
    try {
      const renewal = await provider.renew(kept.tokens, kept.place.subject)
      if (renewal.outcome !== 'refreshed') return await this.#end(claim, renewal.outcome)
      await store.renew(kept, renewal.tokens)
      return { state: 'kept', accessToken: renewal.tokens.accessToken }
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      await store.release(claim).catch(() => undefined)
      if (error.outage === 'IDP_UNAVAILABLE' && kept.age === 'due') return good(kept)
      throw error
    }
  }

  /** The sign-ins first: as long as there are some, the tokens are there to be asked about. */
  async #end(claim: KeptTokenClaim, reason: UpstreamEnd): Promise<Standing> {
    const { end, log, store } = this.#ports
    const { kept } = claim
    // With tokens that somebody has replaced meanwhile, or is about to, a refusal says nothing.
    if (!(await store.extend(claim))) return this.#look(kept.place)
    log.write('warn', 'upstream tokens of an account are over', { ...factsOf(kept.place), reason })
    await end(kept.place, reason)
    await store.remove(kept, claim)
    return { state: 'over', reason }
  }
}

function closing(): UpstreamError {
  return new UpstreamError('SHUTTING_DOWN', 'the server is shutting down')
}

function good({ tokens }: KeptTokens): Standing {
  return { state: 'kept', accessToken: tokens.accessToken }
}

function isFrom(kept: KeptTokens, { settings }: OpenedProvider): boolean {
  return kept.issuer === settings.issuer && kept.clientId === settings.clientId
}

function factsOf({ account, provider, tenant }: TokenPlace) {
  return { tenant: tenant.slug, account, provider }
}
