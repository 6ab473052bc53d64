import { randomBytes } from 'node:crypto'
import { importJWK, SignJWT } from 'jose'
import type { Client } from 'oidc-provider'
import type { SigningKey } from '../../../core/identity/signing-key-store.js'
import type { Fetcher, NetworkReach } from '../../../core/runtime/fetcher.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import { signingJwk } from '../provider/signing-keys.js'

export interface LogoutNoticesPorts {
  readonly issuer: string
  readonly signingKey: SigningKey
  /** `undefined`: nobody is told. */
  readonly outgoing: { readonly fetcher: Fetcher; readonly reach: NetworkReach } | undefined
  readonly clock: Clock
  readonly log: Log
}

export interface LogoutNotice {
  readonly client: Pick<Client, 'backchannelLogoutUri' | 'clientId'>
  /** The account, as tokens say it. */
  readonly subject: string
  /** What the client knows the sign-in by; without it, all that it has of the user is meant (§2.4). */
  readonly sessionId: string | undefined
}

const event = 'http://schemas.openid.net/event/backchannel-logout'
const lifetimeSeconds = 120
const atOnce = 20

/** Tells clients that a user has signed out (OpenID Connect Back-Channel Logout). */
export class LogoutNotices {
  readonly #ports: LogoutNoticesPorts

  constructor(ports: LogoutNoticesPorts) {
    this.#ports = ports
  }

  /** Resolves when everything is sent, or `signal` gives it up. Never throws: what does not arrive is in the log. */
  async deliver(notices: readonly LogoutNotice[], signal?: AbortSignal): Promise<void> {
    for (let first = 0; first < notices.length; first += atOnce) {
      await Promise.all(notices.slice(first, first + atOnce).map((notice) => this.#deliver(notice, signal)))
    }
  }

  async #deliver(notice: LogoutNotice, signal: AbortSignal | undefined): Promise<void> {
    const { log, outgoing } = this.#ports
    const { backchannelLogoutUri: url, clientId } = notice.client
    if (outgoing === undefined || url === undefined) return
    try {
      signal?.throwIfAborted()
      const { status } = await outgoing.fetcher.fetch({
        ...{ url, reach: outgoing.reach, method: 'POST' },
        ...(signal === undefined ? {} : { signal }),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: await this.#sign(notice) }).toString(),
      })
      if (status !== 200 && status !== 204) log.write('warn', 'a client refused a logout token', { clientId, status })
    } catch (error) {
      log.write('warn', 'a client was not told of a logout', { clientId, error })
    }
  }

  /** §2.4. */
  async #sign({ client, sessionId, subject }: LogoutNotice): Promise<string> {
    const { clock, issuer, signingKey } = this.#ports
    const now = Math.floor(clock.now() / 1000)
    const session = sessionId === undefined ? {} : { sid: sessionId }
    return new SignJWT({ ...session, events: { [event]: {} } })
      .setProtectedHeader({ alg: signingKey.algorithm, typ: 'logout+jwt', kid: signingKey.kid })
      .setIssuer(issuer)
      .setSubject(subject)
      .setAudience(client.clientId)
      .setIssuedAt(now)
      .setExpirationTime(now + lifetimeSeconds)
      .setJti(randomBytes(16).toString('base64url'))
      .sign(await importJWK(signingJwk(signingKey), signingKey.algorithm))
  }
}
