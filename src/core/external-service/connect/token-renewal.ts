import { CredentialConflict, type CredentialPlace, type CredentialStore } from '../../credential/credential-store.js'
import { UpstreamError } from '../../error/upstream-error.js'
import type { Log } from '../../runtime/log.js'
import type { CredentialReader, CredentialWish } from '../reader/credential-reader.js'
import type { HeldCredential } from '../service-credential.js'
import type { ServiceConnection } from '../service-store.js'
import type { ConnectionStore, RenewalClaim } from './connection-store.js'
import { revocable, type TokenRevoker } from './given-up-tokens.js'
import type { ServiceAuthorization, UserServiceClient, UserTokens } from './service-authorization.js'
import { userServiceClient } from './service-clients.js'
import { membersOf, secondsLeft, usableOf } from './user-credential.js'
import type { UserService } from './user-service.js'

export interface TokenRenewalPorts {
  /** Reads this installation's own credential at a service. */
  readonly stored: Pick<CredentialReader, 'read'>
  readonly store: CredentialStore
  readonly connections: ConnectionStore
  readonly authorization: ServiceAuthorization
  readonly revoker: Pick<TokenRevoker, 'revoke'>
  readonly log: Log
  /** Waits so many milliseconds. */
  readonly pause: (milliseconds: number) => Promise<void>
}

/** The tokens of one user, as they are now. */
export interface KeptTokens extends CredentialWish {
  readonly service: UserService
  readonly connection: ServiceConnection
}

/** `other tokens`: there are others by now, or another process sees to it. `ended`: the service gives no others. */
export type RenewalOutcome = HeldCredential | 'ended' | 'other tokens'

const mostAttempts = 5
const retryMilliseconds = 1_000

/**
 * What whoever has the claim does to renew the tokens of a user. New ones are in the store before those before are forgotten; those that
 * nobody uses, since the user is not signed in there any more, are taken back at the service.
 */
export class TokenRenewal {
  readonly #ports: TokenRenewalPorts

  constructor(ports: TokenRenewalPorts) {
    this.#ports = ports
  }

  /** `current`: what the store has of them. Throws `ServiceTokenError` where the service gives no answer that holds, `UpstreamError`. */
  async renew(kept: KeptTokens, claim: RenewalClaim, current: HeldCredential | undefined): Promise<RenewalOutcome> {
    const { authorization, stored, store } = this.#ports
    const { connection, service, tenant } = kept
    const newest = await store.newest(placeOf(kept))
    if (newest > connection.credentialVersion && (await this.#resume(kept, claim, newest))) return 'other tokens'
    if (current === undefined) return 'ended'
    const { refresh_token: refreshToken } = current.members
    if (refreshToken === undefined) return connection.age === 'over' ? 'ended' : usableOf(current)
    const client = await userServiceClient(stored, tenant, service)
    const tokens = await authorization.renew(client, refreshToken)
    // Of two that have used one token up, whose turn was over may have written the others.
    if (tokens === 'ended') return (await store.newest(placeOf(kept))) > newest ? 'other tokens' : 'ended'
    return this.#keep(kept, claim, { client, tokens, newest, before: refreshToken })
  }

  /** Puts to use what a process has written that did not live to do it. `false`: there is nothing. */
  async #resume(kept: KeptTokens, claim: RenewalClaim, version: number): Promise<boolean> {
    const { connections, store } = this.#ports
    const written = await store.read(placeOf(kept), version)
    if (written === undefined) return false
    if (await connections.renewed(claim, { version, seconds: secondsLeft(written.members) })) await this.#tidy(kept)
    return true
  }

  async #keep(kept: KeptTokens, claim: RenewalClaim, renewed: Renewed): Promise<RenewalOutcome> {
    const { tokens } = renewed
    try {
      const version = await this.#write(placeOf(kept), membersOf(tokens, renewed.before), renewed.newest)
      const isUsed = await this.#ports.connections.renewed(claim, { version, seconds: tokens.seconds })
      if (isUsed) await this.#tidy(kept)
      else if (await this.#isGone(kept)) return await this.#giveUp(kept, renewed)
      return Object.freeze({ version, members: Object.freeze({ access_token: tokens.accessToken }) })
    } catch (error) {
      if (await this.#isGone(kept)) return this.#giveUp(kept, renewed)
      if (error instanceof CredentialConflict) return 'other tokens'
      throw error
    }
  }

  /** Tries for a while: the tokens before are used up, and there is no other place for these. */
  async #write(place: CredentialPlace, members: Readonly<Record<string, string>>, after: number): Promise<number> {
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
  async #tidy(kept: KeptTokens): Promise<void> {
    const { credentialVersion } = kept.connection
    if (credentialVersion === 1) return
    await this.#ports.store.delete(placeOf(kept), credentialVersion - 1).catch((error: unknown) => {
      this.#ports.log.write('warn', 'an earlier token could not be deleted', { error })
    })
  }

  /** `false` also where nobody says. */
  async #isGone({ connection, tenant }: KeptTokens): Promise<boolean> {
    try {
      return (await this.#ports.connections.findConnection(tenant, connection.id)) === undefined
    } catch {
      return false
    }
  }

  /** Whoever has ended the sign-in could not know of these. */
  async #giveUp(kept: KeptTokens, { client, tokens }: Renewed): Promise<'ended'> {
    const { log, revoker, store } = this.#ports
    revoker.revoke(client, [revocable(tokens)])
    await store.destroy(placeOf(kept)).catch((error: unknown) => {
      log.write('warn', 'tokens of a user that are not used any more could not be destroyed', { error })
    })
    return 'ended'
  }
}

interface Renewed {
  readonly client: UserServiceClient
  readonly tokens: UserTokens
  /** The newest version before. */
  readonly newest: number
  readonly before: UserTokens['refreshToken']
}

/** Where they are in the credential store. */
export function placeOf({ connection, service, tenant }: KeptTokens): CredentialPlace {
  return { tenant, service: service.id, account: connection.id }
}
