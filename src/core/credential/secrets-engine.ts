import type { CredentialMembers } from './credential-store.js'

/** A credential that the secrets engine made for us, for a while. */
export interface LeasedCredential {
  /** What the lease is renewed and revoked by. */
  readonly lease: string
  /** How long it is good, in seconds, from now on: no longer than what it was asked for with. */
  readonly seconds: number
  readonly renewable: boolean
  readonly members: CredentialMembers
}

/** A credential of a role whose password the engine changes by itself. */
export interface StaticCredential {
  readonly members: CredentialMembers
  /** Seconds until the engine changes it. */
  readonly seconds: number
}

/**
 * What a secrets engine makes by itself (HashiCorp Vault: database secrets engine and its like). Paths are those of the engine, such
 * as `database/creds/reports`. Each method throws `UpstreamError` (`SECRETS_UNAVAILABLE`) when it does not answer or refuses.
 */
export interface SecretsEngine {
  /** A new credential, with a lease of its own. */
  issue(path: string): Promise<LeasedCredential>
  /** Asks for so many seconds more; answers with how many there are. Throws `LeaseLost` where it cannot go on. */
  renew(lease: string, seconds: number): Promise<number>
  /** Whether it goes on, as far as is known here: it is neither over, nor has ended with what it was asked for with. */
  holds(lease: string): boolean
  /** The credential works no longer. Nothing happens where the lease is over. */
  revoke(lease: string): Promise<void>
  /** What the role has now. */
  readStatic(path: string): Promise<StaticCredential>
  /** Changes the password of a static role now. */
  rotateStatic(path: string): Promise<void>
}

/** A lease that ended, or cannot be renewed any more. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}
