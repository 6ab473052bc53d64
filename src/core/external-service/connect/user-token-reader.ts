import { ServiceError } from '../../error/service-error.js'
import type { CredentialReader, CredentialWish } from '../reader/credential-reader.js'
import type { HeldCredential } from '../service-credential.js'
import { ServiceTokenError } from '../service-tokens.js'
import { ConnectError } from './connect-error.js'
import type { RenewalClaim } from './connection-store.js'
import type { TokenRevoker } from './given-up-tokens.js'
import { placeOf, TokenRenewal, type KeptTokens, type TokenRenewalPorts } from './token-renewal.js'
import { secondsLeft, usableOf } from './user-credential.js'
import { isUserService } from './user-service.js'

export interface UserTokenPorts extends TokenRenewalPorts {
  /** Reads what the store has, of users and of this installation itself. */
  readonly stored: CredentialReader
  readonly revoker: Pick<TokenRevoker, 'close' | 'revoke'>
}

const pauseMilliseconds = 100
/** Longer than a renewal takes where all goes well; a claim lasts longer yet, so that nobody uses a token that somebody else has used. */
const mostPauses = 330

/**
 * The access tokens that users have at services. They are renewed when they run out, by one process for all; what the service takes
 * back is gone, and its user has to sign in there again.
 */
export class UserTokenReader implements CredentialReader {
  readonly #ports: UserTokenPorts
  readonly #renewal: TokenRenewal
  readonly #renewing = new Map<string, Promise<HeldCredential>>()

  constructor(ports: UserTokenPorts) {
    this.#ports = ports
    this.#renewal = new TokenRenewal(ports)
  }

  async read(wish: CredentialWish): Promise<HeldCredential> {
    const { connection, service, tenant } = wish
    if (connection === undefined || !isUserService(service)) throw goneError(service.name)
    const kept = { tenant, service, connection }
    const isUsable = connection.age === 'fresh' || (await this.#isForGood(kept))
    const held = isUsable ? await this.#held(kept) : undefined
    if (held !== undefined) return held
    const key = JSON.stringify([tenant.id, connection.id, service.revision])
    const renewing = this.#renewing.get(key)
    if (renewing !== undefined) return renewing
    const started = this.#look(kept).finally(() => this.#renewing.delete(key))
    this.#renewing.set(key, started)
    return started
  }

  /**
   * It is renewed by the next call: the service may have taken it back before its time. One that nothing renews gets another chance, since
   * a service may refuse one request alone, and ends where it is refused again.
   */
  drop({ connection, service, tenant }: CredentialWish): void {
    if (connection === undefined || !isUserService(service)) return
    const { connections, log } = this.#ports
    const kept = { tenant, service, connection }
    const marking = connection.age === 'over' ? this.#forget(kept) : connections.expire(tenant, connection)
    marking.catch((error: unknown) => {
      log.write('warn', 'a token that a service does not take could not be marked', { error })
    })
  }

  /** Resolves when nothing is under way: a new token that is on its way must be kept. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#renewing.values())
    await this.#ports.revoker.close()
  }

  /** Until it has one that can be used, or knows that there is none. */
  async #look({ service, tenant, connection: { id } }: KeptTokens): Promise<HeldCredential> {
    const { connections, pause } = this.#ports
    for (let pauses = 0; ; pauses += 1) {
      const connection = await connections.findConnection(tenant, id)
      if (connection === undefined) throw goneError(service.name)
      const kept = { tenant, service, connection }
      const held = connection.age === 'fresh' ? await this.#held(kept) : await this.#takeTurn(kept)
      if (held !== undefined) return held
      if (pauses === mostPauses) throw unreachable(service.name, 'another process is still renewing a token')
      await pause(pauseMilliseconds)
    }
  }

  async #takeTurn(kept: KeptTokens): Promise<HeldCredential | undefined> {
    const claim = await this.#ports.connections.claim(kept.tenant, kept.connection)
    if (claim !== undefined) return this.#renew(kept, claim)
    return kept.connection.age === 'due' ? this.#held(kept) : undefined
  }

  /** Whatever comes of it, the claim does not outlast it. */
  async #renew(kept: KeptTokens, claim: RenewalClaim): Promise<HeldCredential | undefined> {
    try {
      const outcome = await this.#renewal.renew(kept, claim, await this.#stored(kept))
      if (outcome === 'other tokens') return undefined
      return outcome === 'ended' ? await this.#end(kept, claim) : outcome
    } catch (error) {
      if (!(error instanceof ServiceTokenError)) throw error
      if (kept.connection.age === 'due') return await this.#held(kept)
      throw unreachable(kept.service.name, error.message)
    } finally {
      await this.#ports.connections.release(claim).catch(() => undefined)
    }
  }

  /** Whether nothing renews it and the service has not said that it has ended: then it is used as it is, marked or not. */
  async #isForGood(kept: KeptTokens): Promise<boolean> {
    const { expires_at: at, refresh_token: refreshToken } = (await this.#stored(kept))?.members ?? {}
    const left = at === undefined ? undefined : secondsLeft({ expires_at: at.reveal() })
    return refreshToken === undefined && left !== 0
  }

  /** With tokens that somebody has replaced meanwhile, or is about to, a refusal says nothing: `undefined`. */
  async #end(kept: KeptTokens, claim?: RenewalClaim): Promise<undefined> {
    if (await this.#forget(kept, claim)) throw goneError(kept.service.name)
  }

  /** `false` where others are in use by now, or none. */
  async #forget(kept: KeptTokens, claim?: RenewalClaim): Promise<boolean> {
    const { connections, log, store } = this.#ports
    const { connection, service, tenant } = kept
    if (!(await connections.end(tenant, connection, claim))) return false
    log.write('info', 'a service has ended the sign-in of a user', { tenant: tenant.slug, service: service.name })
    await store.destroy(placeOf(kept)).catch((error: unknown) => {
      log.write('warn', 'tokens that a service has ended could not be destroyed', { error })
    })
    return true
  }

  async #held(kept: KeptTokens): Promise<HeldCredential | undefined> {
    const held = await this.#stored(kept)
    // What is not there any more only its user can bring back.
    return held === undefined ? this.#end(kept) : usableOf(held)
  }

  /** `undefined` where the store has none of them. */
  async #stored(kept: KeptTokens): Promise<HeldCredential | undefined> {
    try {
      return await this.#ports.stored.read(kept)
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'ERR_SERVICE_CREDENTIAL') return undefined
      throw error
    }
  }
}

function goneError(service: string): ConnectError {
  return new ConnectError(service, `this user is not signed in at ${service} any more`)
}

function unreachable(service: string, reason: string): ServiceError {
  return new ServiceError(
    'ERR_SERVICE_UNREACHABLE',
    service,
    `the tokens of a user for ${service} were not renewed: ${reason}`,
  )
}
