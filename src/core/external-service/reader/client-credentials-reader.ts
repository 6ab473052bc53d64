import { ServiceError } from '../../error/service-error.js'
import type { HeldCredential } from '../service-credential.js'
import { ServiceTokenError, type ServiceTokenSource } from '../service-tokens.js'
import { keyOf, type CredentialReader, type CredentialWish } from './credential-reader.js'
import { mayBeDropped } from './may-be-dropped.js'

/** Where a service does not say how long a token is good. */
const assumedSeconds = 300
/** A token is not used in its last moments: it has a way to go. */
const spareSeconds = 30
const mostTokens = 1_000

interface Entry {
  readonly asking: Promise<HeldCredential>
  /** Once it is there. */
  held: HeldCredential | undefined
  /** Since when, by `performance.now()`. */
  heldAt: number
  /** By `performance.now()`; set once it is known. */
  until: number
}

/**
 * Access tokens that a service gives for a client id and secret (RFC 6749 §4.4): asked for once by all who need one, kept in memory
 * until they end, and never stored. Another version of the secret has tokens of its own.
 */
export class ClientCredentialsReader implements CredentialReader {
  readonly #secrets: CredentialReader
  readonly #tokens: ServiceTokenSource
  readonly #entries = new Map<string, Entry>()

  constructor(secrets: CredentialReader, tokens: ServiceTokenSource) {
    this.#secrets = secrets
    this.#tokens = tokens
  }

  read(wish: CredentialWish): Promise<HeldCredential> {
    const key = JSON.stringify(keyOf(wish))
    const known = this.#entries.get(key)
    if (known !== undefined && performance.now() < known.until) return known.asking
    const asking = this.#ask(wish, (until) => (entry.until = until))
    const entry: Entry = { asking, held: undefined, heldAt: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    asking.then(
      (held) => {
        entry.held = held
        entry.heldAt = performance.now()
      },
      () => this.#forget(key, entry),
    )
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= mostTokens) break
      this.#entries.delete(oldest)
    }
    return entry.asking
  }

  /** The secret may be another one by now: it is read anew with the next token. */
  drop(wish: CredentialWish, held: HeldCredential): void {
    const key = JSON.stringify(keyOf(wish))
    const entry = this.#entries.get(key)
    if (entry?.held === held && mayBeDropped(entry.heldAt)) this.#entries.delete(key)
  }

  async #ask(wish: CredentialWish, isGoodUntil: (until: number) => void): Promise<HeldCredential> {
    const { service } = wish
    const { auth, name, reach } = service
    const { members, version } = await this.#secrets.read(wish)
    const { client_id: clientId, client_secret: clientSecret } = members
    if (auth.type !== 'oauth2' || clientId === undefined || clientSecret === undefined) {
      throw new ServiceError('ERR_SERVICE_CREDENTIAL', name, `the credential of ${name} has no client id and secret`)
    }
    try {
      const client = { endpoint: auth, clientId: clientId.reveal(), clientSecret, reach }
      const { accessToken, seconds = assumedSeconds } = await this.#tokens.clientCredentials(client)
      isGoodUntil(performance.now() + Math.max(0, seconds - spareSeconds) * 1000)
      // The secret is for the token endpoint alone.
      return Object.freeze({ version, members: Object.freeze({ client_id: clientId, access_token: accessToken }) })
    } catch (error) {
      if (!(error instanceof ServiceTokenError)) throw error
      const code = error.mend === 'time' ? 'ERR_SERVICE_UNREACHABLE' : 'ERR_SERVICE_SETUP'
      throw new ServiceError(code, name, `${name} gave no token: ${error.message}`)
    }
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }
}
