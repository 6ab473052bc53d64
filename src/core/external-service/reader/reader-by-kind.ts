import { isUserService } from '../connect/user-service.js'
import type { HeldCredential } from '../service-credential.js'
import type { CredentialReader, CredentialWish } from './credential-reader.js'

export interface ReadersByKind {
  readonly stored: CredentialReader
  /** For services that give tokens for a client id and secret. */
  readonly clientCredentials: CredentialReader
  /** For services where each user signs in. */
  readonly users: CredentialReader
  /** For credentials that a secrets engine makes. */
  readonly engine: CredentialReader
}

/** Reads each credential as its service wants it to be come by. */
export class ReaderByKind implements CredentialReader {
  readonly #readers: ReadersByKind

  constructor(readers: ReadersByKind) {
    this.#readers = readers
  }

  read(wish: CredentialWish): Promise<HeldCredential> {
    return this.#readerOf(wish).read(wish)
  }

  drop(wish: CredentialWish, held: HeldCredential): void {
    this.#readerOf(wish).drop(wish, held)
  }

  #readerOf({ service }: CredentialWish): CredentialReader {
    const { auth, source } = service
    if (isUserService(service)) return this.#readers.users
    if (source.from !== 'store') return this.#readers.engine
    const isClient = auth.type === 'oauth2' && auth.grant === 'client_credentials'
    return isClient ? this.#readers.clientCredentials : this.#readers.stored
  }
}
