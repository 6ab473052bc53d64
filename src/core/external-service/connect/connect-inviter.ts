import { randomUUID } from 'node:crypto'
import type { Keyring } from '../../credential/keyring.js'
import type { Caller } from '../../identity/caller.js'
import { randomText } from '../../sign-in/login-transaction.js'
import type { ExternalService } from '../external-service.js'
import { ConnectError } from './connect-error.js'
import { ConnectKeys } from './connect-keys.js'
import type { ConnectWaiting, Tell } from './connect-waiting.js'
import type { LinkStore } from './connection-store.js'

export interface ConnectInviterParts {
  readonly links: Pick<LinkStore, 'offer'>
  readonly keyring: Keyring
  readonly waiting: Pick<ConnectWaiting, 'add'>
  /** Whose users can be told apart in a browser; `undefined` where this installation signs nobody in. */
  readonly ownIssuer: string | undefined
  /** The address of the page behind a link. */
  readonly addressOf: (secret: string) => string
}

/** Makes the links by which users let this installation into services. */
export class ConnectInviter {
  readonly #parts: ConnectInviterParts
  readonly #keys: ConnectKeys

  constructor(parts: ConnectInviterParts) {
    this.#parts = parts
    this.#keys = new ConnectKeys(parts.keyring)
  }

  /**
   * What a user is told who has to sign in at a service first. Only an account of ours gets a link: of anybody else a browser could not
   * show that it is theirs, and whoever opened the link would be connected in their place. Throws `UpstreamError`.
   */
  async invite(
    { issuer, tenant, user }: Caller,
    { id, name }: Pick<ExternalService, 'id' | 'name'>,
  ): Promise<ConnectError> {
    const { addressOf, links, ownIssuer, waiting } = this.#parts
    const message = `this user has not signed in at ${name} yet`
    if (issuer !== ownIssuer) return new ConnectError(name, `${message}, and does not sign in at this installation`)
    const secret = randomText()
    const purpose = { service: id, account: user.subject }
    if (!(await links.offer(tenant, this.#keys.link(tenant, secret), purpose))) return new ConnectError(name, message)
    const whenDone = (tell: Tell): void => waiting.add(tenant, purpose, tell)
    return new ConnectError(name, message, { service: name, url: addressOf(secret), id: randomUUID(), whenDone })
  }
}
