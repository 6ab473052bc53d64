import type { Tenant } from './tenant.js'

/** Which tenants may use an application: its own, those listed by slug, or every tenant of the registry. */
export type AdmittedTenants = 'own' | 'any' | readonly string[]

/** One protected MCP server, known by its client id. */
export interface Application {
  readonly clientId: string
  readonly name: string
  /** The tenant that the application belongs to. */
  readonly tenant: Tenant
  readonly admits: AdmittedTenants
}

export interface ApplicationStore {
  find(clientId: string): Promise<Application | undefined>
  /** Inserts the application, or updates its name and the tenants it admits. */
  register(application: Application): Promise<void>
}

/** Whether users of `tenant` may use `application` at all. */
export function admits(application: Application, tenant: Tenant): boolean {
  if (application.admits === 'any') return true
  if (application.admits === 'own') return application.tenant.id === tenant.id
  // Not `includes`: on a text where a list belongs it would admit every part of that text.
  return application.admits.some((slug) => slug === tenant.slug)
}
