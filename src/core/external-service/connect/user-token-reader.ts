import { CredentialConflict, type CredentialPlace, type CredentialStore } from '../../credential/credential-store.js'
import { ServiceError } from '../../error/service-error.js'
import { UpstreamError } from '../../error/upstream-error.js'
import type { Log } from '../../runtime/log.js'
import type { CredentialReader, CredentialWish } from '../reader/credential-reader.js'
import type { HeldCredential } from '../service-credential.js'
import type { ServiceConnection } from '../service-store.js'
import { ServiceTokenError } from '../service-tokens.js'
import { ConnectError } from './connect-error.js'
import type { ConnectionStore } from './connection-store.js'
import type { ServiceAuthorization } from './service-authorization.js'
import { userServiceClient } from './service-clients.js'
import { membersOf, secondsLeft, usableOf } from './user-credential.js'
import { isUserService, type UserService } from './user-service.js'

export interface UserTokenPorts {
  /** Reads what the store has, of users and of this installation itself. */
  readonly stored: CredentialReader
  readonly store: CredentialStore
  readonly connections: ConnectionStore
  readonly authorization: ServiceAuthorization
  readonly log: Log
  /** Waits so many milliseconds. */
  readonly pause: (milliseconds: number) => Promise<void>
}

/** The tokens of one user, as they are now. */
interface Kept extends CredentialWish {
  readonly service: UserService
  readonly connection: ServiceConnection
}

const pauseMilliseconds = 100
/** Longer than a renewal takes where all goes well; a claim lasts longer yet, so that nobody uses a token that somebody else has used. */
const mostPauses = 330
const mostAttempts = 5
const retryMilliseconds = 1_000

/**
 * The access tokens that users have at services. They are renewed when they run out, by one process for all; what the service takes
 * back is gone, and its user has to sign in there again. New tokens are in the store before those before are forgotten.
 */
export class UserTokenReader implements CredentialReader {
  readonly #ports: UserTokenPorts
  readonly #renewing = new Map<string, Promise<HeldCredential>>()

  constructor(ports: UserTokenPorts) {
    this.#ports = ports
  }

  async read(wish: CredentialWish): Promise<HeldCredential> {
    const { connection, service, tenant } = wish
    if (connection === undefined || !isUserService(service)) throw goneError(service.name)
    const kept = { tenant, service, connection }
    if (connection.age === 'fresh' || (await this.#isForGood(kept))) return this.#held(kept)
    const key = JSON.stringify([tenant.id, connection.id, service.revision])
    const renewing = this.#renewing.get(key)
    if (renewing !== undefined) return renewing
    const started = this.#look({ tenant, service, connection }).finally(() => this.#renewing.delete(key))
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
  }

  async #look({ service, tenant, connection: { id } }: Kept): Promise<HeldCredential> {
    const { connections, pause } = this.#ports
    for (let pauses = 0; ; pauses += 1) {
      const connection = await connections.findConnection(tenant, id)
      if (connection === undefined) throw goneError(service.name)
      const kept = { tenant, service, connection }
      if (connection.age === 'fresh') return this.#held(kept)
      if (await connections.claim(tenant, connection)) return this.#renew(kept)
      if (connection.age === 'due') return this.#held(kept)
      if (pauses === mostPauses) throw unreachable(service.name, 'another process is still renewing a token')
      await pause(pauseMilliseconds)
    }
  }

  /** Whatever comes of it, the claim does not outlast it. */
  async #renew(kept: Kept): Promise<HeldCredential> {
    const { connections } = this.#ports
    try {
      return await this.#ask(kept)
    } catch (error) {
      await connections.release(kept.tenant, kept.connection).catch(() => undefined)
      if (error instanceof CredentialConflict) return this.#look(kept)
      if (!(error instanceof ServiceTokenError)) throw error
      if (kept.connection.age === 'due') return this.#held(kept)
      throw unreachable(kept.service.name, error.message)
    }
  }

  async #ask(kept: Kept): Promise<HeldCredential> {
    const { authorization, connections, stored, store } = this.#ports
    const { connection, service, tenant } = kept
    const place = placeOf(kept)
    const newest = await store.newest(place)
    const written = newest > connection.credentialVersion ? await store.read(place, newest) : undefined
    if (written !== undefined) {
      // A process that has renewed them did not live to put them to use.
      await connections.renewed(tenant, connection, { version: newest, seconds: secondsLeft(written.members) })
      return this.#look(kept)
    }
    const { refresh_token: refreshToken } = (await this.#stored(kept))?.members ?? {}
    if (refreshToken === undefined) return this.#withoutRenewal(kept)
    const client = await userServiceClient(stored, tenant, service)
    const tokens = await authorization.renew(client, refreshToken)
    if (tokens === 'ended') return this.#end(kept)
    const version = await this.#keep(place, membersOf(tokens, refreshToken), newest)
    await this.#putToUse(kept, { version, seconds: tokens.seconds })
    return Object.freeze({ version, members: Object.freeze({ access_token: tokens.accessToken }) })
  }

  async #withoutRenewal(kept: Kept): Promise<HeldCredential> {
    if (kept.connection.age === 'over') return this.#end(kept)
    await this.#ports.connections.release(kept.tenant, kept.connection)
    return this.#held(kept)
  }

  /** Tries for a while: the tokens before are used up, and there is no other place for these. */
  async #keep(place: CredentialPlace, members: Readonly<Record<string, string>>, after: number): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#ports.store.write(place, members, after)
      } catch (error) {
        if (!(error instanceof UpstreamError) || attempt === mostAttempts) throw error
      }
      await this.#ports.pause(retryMilliseconds)
    }
  }

  /** The version before stays for calls that have begun with it; the one before that is of no use to anybody. */
  async #putToUse(kept: Kept, next: { readonly version: number; readonly seconds: number | undefined }): Promise<void> {
    const { connections, log, store } = this.#ports
    const { connection, tenant } = kept
    const isUsed = await connections.renewed(tenant, connection, next)
    if (!isUsed && (await connections.findConnection(tenant, connection.id)) === undefined) {
      await store.destroy(placeOf(kept))
      throw goneError(kept.service.name)
    }
    if (connection.credentialVersion === 1) return
    await store.delete(placeOf(kept), connection.credentialVersion - 1).catch((error: unknown) => {
      log.write('warn', 'an earlier token could not be deleted', { error })
    })
  }

  /** Whether nothing renews it and the service has not said that it has ended: then it is used as it is, marked or not. */
  async #isForGood(kept: Kept): Promise<boolean> {
    const { expires_at: at, refresh_token: refreshToken } = (await this.#stored(kept))?.members ?? {}
    const left = at === undefined ? undefined : secondsLeft({ expires_at: at.reveal() })
    return refreshToken === undefined && left !== 0
  }

  /** With tokens that somebody has replaced meanwhile, a refusal says nothing. */
  async #end(kept: Kept): Promise<HeldCredential> {
    if (!(await this.#forget(kept))) return this.#look(kept)
    throw goneError(kept.service.name)
  }

  /** `false` where others are in use by now, or none. */
  async #forget(kept: Kept): Promise<boolean> {
    const { connections, log, store } = this.#ports
    const { connection, service, tenant } = kept
    if (!(await connections.end(tenant, connection))) return false
    log.write('info', 'a service has ended the sign-in of a user', { tenant: tenant.slug, service: service.name })
    await store.destroy(placeOf(kept)).catch((error: unknown) => {
      log.write('warn', 'tokens that a service has ended could not be destroyed', { error })
    })
    return true
  }

  async #held(kept: Kept): Promise<HeldCredential> {
    const held = await this.#stored(kept)
    // What is not there any more only its user can bring back.
    return held === undefined ? this.#end(kept) : usableOf(held)
  }

  /** `undefined` where the store has none of them. */
  async #stored(kept: Kept): Promise<HeldCredential | undefined> {
    try {
      return await this.#ports.stored.read(kept)
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'ERR_SERVICE_CREDENTIAL') return undefined
      throw error
    }
  }
}

function placeOf({ connection, service, tenant }: Kept): CredentialPlace {
  return { tenant, service: service.id, account: connection.id }
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
