import type { LoginTransaction } from './login-transaction.js'

/** A transaction as it was read; `version` makes the next step of two that race happen once. */
export interface StoredLogin {
  /** Keyed digest of the transaction's address. */
  readonly key: string
  readonly version: number
  readonly transaction: LoginTransaction
}

export interface NewLogin {
  /** Keyed digest of the address in the tool's result. */
  readonly key: string
  /** Keyed digest of the address that the server opens itself, where it does. */
  readonly ticketKey: string | undefined
  /** Keyed digest of the `state` parameter. */
  readonly stateKey: string
  readonly transaction: LoginTransaction
  /** Seconds until it is gone, by the database's clock. */
  readonly expiresIn: number
}

export interface FoundLogin extends StoredLogin {
  /** Whether it was found by its ticket. */
  readonly byTicket: boolean
}

/**
 * Login transactions in the master database, sealed: the store's readers learn neither secrets nor identities. What has
 * expired by the database's clock is not found and not advanced. Each method throws `UpstreamError` when it does not answer.
 */
export interface LoginStore {
  /** Seconds since the epoch, by the database's clock. */
  now(): Promise<number>
  /** Keeps the new one and, of its starter, the newest few: the oldest go. */
  create(login: NewLogin): Promise<void>
  /** By the key of either address. */
  find(key: string): Promise<FoundLogin | undefined>
  findByState(stateKey: string): Promise<StoredLogin | undefined>
  /** All of this starter, the newest first. */
  ofStarter(starter: string): Promise<readonly StoredLogin[]>
  /** Takes the next step unless somebody took one since `login` was read: `false` then. `expiresIn` starts a new term. */
  advance(login: StoredLogin, next: LoginTransaction, expiresIn?: number): Promise<boolean>
}
