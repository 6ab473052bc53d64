import type { Keyring } from '../credential/keyring.js'

/** Whose a session is. */
export interface SessionOwner {
  readonly tenantId: string
  /** `undefined` for the installation's own issuer, whose address may change. */
  readonly issuer: string | undefined
  /** The account's id where the issuer is our own. */
  readonly subject: string
}

/** What stands for an owner where nobody is to read who it is: the same owner always has the same digest. */
export function ownerDigest(keyring: Keyring, { tenantId, issuer, subject }: SessionOwner): string {
  return keyring.digest('session-owner', JSON.stringify([tenantId, issuer ?? null, subject]))
}

/** The same for a tenant. */
export function tenantDigest(keyring: Keyring, tenantId: string): string {
  return keyring.digest('session-tenant', tenantId)
}
