import type { Account } from '../../../core/identity/account-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'

/** Which account of which tenant; inside the authorization server one text, since an account id alone names no tenant. */
export interface IssuerSubject {
  readonly tenantId: string
  readonly tenantSlug: string
  readonly accountId: string
  /** What the account proved itself with then; `undefined` where nothing of that had ever changed. */
  readonly securityStamp: string | undefined
}

const pattern = /^([^:]+):([^:]+):([^:]+?)(?::([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?$/

/**
 * The text form, kept in sessions, codes and grants; tokens carry only the account id. With the stamp in it, nothing that rests on
 * what the account proved itself with before is of any use, also where it is written after everything else was ended.
 */
export function formatSubject(tenant: Tenant, { id, securityStamp }: Pick<Account, 'id' | 'securityStamp'>): string {
  const account = `${tenant.id}:${tenant.slug}:${id}`
  return securityStamp === undefined ? account : `${account}:${securityStamp}`
}

/** Reads what `formatSubject` wrote; `undefined` for anything else. */
export function parseSubject(text: string): IssuerSubject | undefined {
  const [, tenantId, tenantSlug, accountId, securityStamp] = pattern.exec(text) ?? []
  if (tenantId === undefined || tenantSlug === undefined || accountId === undefined) return undefined
  return { tenantId, tenantSlug, accountId, securityStamp }
}
