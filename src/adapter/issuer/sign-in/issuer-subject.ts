import type { Tenant } from '../../../core/identity/tenant.js'

/** Which account of which tenant; inside the authorization server one text, since an account id alone names no tenant. */
export interface IssuerSubject {
  readonly tenantId: string
  readonly tenantSlug: string
  readonly accountId: string
}

const pattern = /^([^:]+):([^:]+):([^:]+)$/

/** The text form, kept in sessions, codes and grants; tokens carry only the account id. */
export function formatSubject(tenant: Tenant, accountId: string): string {
  return `${tenant.id}:${tenant.slug}:${accountId}`
}

/** Reads what `formatSubject` wrote; `undefined` for anything else. */
export function parseSubject(text: string): IssuerSubject | undefined {
  const [, tenantId, tenantSlug, accountId] = pattern.exec(text) ?? []
  if (tenantId === undefined || tenantSlug === undefined || accountId === undefined) return undefined
  return { tenantId, tenantSlug, accountId }
}
