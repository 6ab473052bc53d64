import { randomBytes } from 'node:crypto'
import type { Keyring } from '../../../core/credential/keyring.js'

/** What a link says: the tenant, and the secret that stands for one account in it. */
export interface LinkToken {
  /** Slug. */
  readonly tenant: string
  readonly secret: string
}

/** Where the page behind links is. */
export const passwordPath = '/authsec/account/password'

const pattern = /^\/authsec\/account\/password\/([a-z0-9][a-z0-9-]{0,62})\/([A-Za-z0-9_-]{43})$/

/** 256 bits. */
export function newLinkSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** The path of a link. */
export function formatLink({ secret, tenant }: LinkToken): string {
  return `${passwordPath}/${tenant}/${secret}`
}

/** Reads what `formatLink` wrote; `undefined` for any other path. */
export function parseLink(path: string): LinkToken | undefined {
  const [, tenant, secret] = pattern.exec(path) ?? []
  return tenant === undefined || secret === undefined ? undefined : { tenant, secret }
}

/** What a link is kept under: it is good in the tenant that it was made for, and nowhere else. */
export function linkDigest(keyring: Keyring, tenantId: string, secret: string): string {
  return keyring.digest('account-link', JSON.stringify([tenantId, secret]))
}
